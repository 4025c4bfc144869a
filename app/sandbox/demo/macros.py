"""Make the macros of the demo company."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.reply_templates.models import ReplyTemplate
from app.domain.threads.macros import ME, ONLY_OPEN, MacroSteps, create_macro
from app.domain.threads.models import Priority, ThreadStatus

# (name, key of a brand or none, name of a template or none, the other steps)
MACROS: tuple[tuple[str, str | None, str | None, MacroSteps], ...] = (
    (
        "Storing aannemen",
        "chargecars",
        "Laadpaal knippert rood",
        MacroSteps(assignee=ME, priority=Priority.HIGH, add_tags=("storing",), status=ThreadStatus.IN_PROGRESS),
    ),
    (
        "Wachten op onderdeel",
        "chargecars",
        None,
        MacroSteps(add_tags=("onderdeel",), note="Onderdeel is besteld.", status=ThreadStatus.WAITING_INTERNAL, snooze="week"),
    ),
    ("Gaat over de open order", "chargecars", None, MacroSteps(assignee=ME, order=ONLY_OPEN)),
    ("Afgehandeld, niets meer te doen", "chargecars", None, MacroSteps(assignee=ME, status=ThreadStatus.RESOLVED)),
)


def make_macros(session: Session, *, brand_ids: Mapping[str, uuid.UUID], author: User, now: datetime) -> None:
    """Make the macros, after the templates they use."""
    templates = {row.name: row.id for row in session.execute(sa.select(ReplyTemplate.name, ReplyTemplate.id))}
    viewer = viewer_of(session, author)
    for name, brand, template, rest in MACROS:
        steps = rest.model_copy(update={"template_id": templates.get(template)}) if template else rest
        brand_id = brand_ids[brand] if brand else None
        create_macro(session, name=name, brand_id=brand_id, steps=steps, viewer=viewer, now=now)
