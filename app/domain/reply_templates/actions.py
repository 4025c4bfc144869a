"""Create, edit, archive and restore reply templates, and count their use.

Every edit stores a new version beside the earlier ones. Nothing is ever deleted.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.reply_templates.models import (
    ReplyTemplate,
    ReplyTemplateBrand,
    ReplyTemplateUse,
    ReplyTemplateVersion,
    TemplateCategory,
)
from app.domain.reply_templates.variables import Problem, list_problems
from app.domain.threads.models import Thread


@dataclass(frozen=True)
class TemplateContent:
    """The content of a template as a person enters it. Empty `media` means any medium, and empty `brand_ids` means every brand.

    `html` is the text for a formatted mail, or "" if the template is plain only. It was cleaned with `formatting.cleaned`.
    """

    name: str
    category: TemplateCategory
    language: str
    text: str
    subject: str = ""
    media: tuple[str, ...] = ()
    brand_ids: tuple[uuid.UUID, ...] = field(default=())
    html: str = ""
    for_visits: bool = False


class BadTemplate(Exception):
    """Raised when a text has unknown variables or unmatched braces. `problems` has pairs (field: "subject", "text" or "html";
    problem)."""

    def __init__(self, problems: Sequence[tuple[str, Problem]]) -> None:
        super().__init__("a template has problems")
        self.problems = tuple(problems)


class TemplateMovedOn(Exception):
    """Raised when somebody else has saved a newer version in the meantime."""


def create_template(session: Session, content: TemplateContent, *, now: datetime, actor: Actor = SYSTEM) -> ReplyTemplate:
    """Add a template as version 1. Raises BadTemplate."""
    check_content(content)
    template = ReplyTemplate(id=new_id(), version=1, created_by_user_id=actor.user_id, created_at=now, updated_at=now)
    _apply(template, content)
    session.add(template)
    session.flush()
    _save_brands(session, template, content)
    _keep_version(session, template, content, now=now, actor=actor)
    _record(session, "ReplyTemplateCreated", template, now=now, actor=actor)
    return template


def edit_template(
    session: Session,
    template_id: uuid.UUID,
    content: TemplateContent,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
    if_version: int | None = None,
) -> ReplyTemplate:
    """Save a new version of a template. Do nothing if the content is the same. Raises `BadTemplate`.

    Raises `TemplateMovedOn` if the current version is not `if_version`.
    """
    check_content(content)
    template = lock_template(session, template_id)
    if if_version is not None and template.version != if_version:
        raise TemplateMovedOn(str(template_id))
    latest = session.get(ReplyTemplateVersion, (template_id, template.version))
    if latest is not None and latest.content == _as_json(content):
        return template
    _apply(template, content)
    template.version += 1
    template.updated_at = now
    session.flush()
    _save_brands(session, template, content)
    _keep_version(session, template, content, now=now, actor=actor)
    _record(session, "ReplyTemplateChanged", template, now=now, actor=actor)
    return template


def archive_template(session: Session, template_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> None:
    """Archive a template, so that it is no longer offered. Its versions and uses stay. A repeat changes nothing."""
    template = lock_template(session, template_id)
    if template.archived_at is None:
        template.archived_at = now
        _record(session, "ReplyTemplateArchived", template, now=now, actor=actor)


def restore_template(session: Session, template_id: uuid.UUID, *, now: datetime, actor: Actor = SYSTEM) -> None:
    """Restore an archived template. A repeat changes nothing."""
    template = lock_template(session, template_id)
    if template.archived_at is not None:
        template.archived_at = None
        _record(session, "ReplyTemplateRestored", template, now=now, actor=actor)


def note_use(
    session: Session, template: ReplyTemplate, *, thread: Thread, kind: str, medium: str, now: datetime, actor: Actor
) -> ReplyTemplateUse:
    """Store that a user inserted a template into a text. The use counts only when the text is sent (see `settle_uses`)."""
    use = ReplyTemplateUse(
        id=new_id(),
        template_id=template.id,
        version=template.version,
        user_id=actor.user_id,
        brand_id=thread.brand_id,
        thread_id=thread.id,
        medium=medium,
        kind=kind,
        inserted_at=now,
    )
    session.add(use)
    session.flush()
    return use


def settle_uses(
    session: Session, *, thread_id: uuid.UUID, user_id: uuid.UUID, kind: str, message_id: uuid.UUID, now: datetime
) -> None:
    """Mark the templates that this user inserted on the thread as sent with this message."""
    open_ones = (
        ReplyTemplateUse.thread_id == thread_id,
        ReplyTemplateUse.user_id == user_id,
        ReplyTemplateUse.kind == kind,
        ReplyTemplateUse.sent_at.is_(None),
    )
    session.execute(sa.update(ReplyTemplateUse).where(*open_ones).values(sent_at=now, message_id=message_id))


def unsettle_uses(session: Session, *, message_id: uuid.UUID) -> None:
    """Mark the templates of a message as not sent, because its writer took the message back into the composer."""
    gone = sa.update(ReplyTemplateUse).where(ReplyTemplateUse.message_id == message_id)
    session.execute(gone.values(sent_at=None, message_id=None).execution_options(synchronize_session=False))


def check_content(content: TemplateContent) -> None:
    """Raise `BadTemplate` if the subject, text or HTML has problems."""
    fields = (("subject", content.subject), ("text", content.text), ("html", content.html))
    problems = [(name, problem) for name, text in fields for problem in list_problems(text)]
    if problems:
        raise BadTemplate(problems)


def lock_template(session: Session, template_id: uuid.UUID) -> ReplyTemplate:
    """Return the template, locked until the transaction ends."""
    query = sa.select(ReplyTemplate).where(ReplyTemplate.id == template_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()


def _apply(template: ReplyTemplate, content: TemplateContent) -> None:
    template.name = content.name
    template.category = content.category
    template.language = content.language
    template.subject = content.subject
    template.text, template.html = content.text, content.html
    template.media, template.for_visits = list(content.media), content.for_visits


def _save_brands(session: Session, template: ReplyTemplate, content: TemplateContent) -> None:
    session.execute(sa.delete(ReplyTemplateBrand).where(ReplyTemplateBrand.template_id == template.id))
    if content.brand_ids:
        rows = [{"template_id": template.id, "brand_id": brand_id} for brand_id in dict.fromkeys(content.brand_ids)]
        session.execute(sa.insert(ReplyTemplateBrand), rows)


def _keep_version(session: Session, template: ReplyTemplate, content: TemplateContent, *, now: datetime, actor: Actor) -> None:
    session.add(
        ReplyTemplateVersion(
            template_id=template.id,
            version=template.version,
            content=_as_json(content),
            saved_by_user_id=actor.user_id,
            saved_at=now,
        )
    )
    session.flush()


def _as_json(content: TemplateContent) -> dict[str, Any]:
    written = {name: value for name, value in asdict(content).items() if name not in ("html", "for_visits") or value}
    return {
        **written,
        "category": content.category.value,
        "media": sorted(content.media),
        "brand_ids": sorted(str(brand_id) for brand_id in content.brand_ids),
    }


def _record(session: Session, event_type: str, template: ReplyTemplate, *, now: datetime, actor: Actor) -> None:
    payload = {"template_id": str(template.id), "version": template.version}
    about = ("reply_template", template.id)
    record(session, event_type, subject=Subject(), now=now, actor=actor, payload=payload, about=about)
