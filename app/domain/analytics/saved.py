"""Reports people come back to, and the targets of a brand: read and written. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.analytics.measures import MEASURES
from app.domain.analytics.saved_models import ReportTarget, SavedReport
from app.domain.events.actions import Actor, audit

MOST = 50
"""Reports one person keeps."""
TARGETS = tuple(key for key, measure in MEASURES.items() if measure.target is not None)
"""The figures that have a target: the success metrics of the house."""


class NameTaken(Exception):
    """The person keeps another report under this name."""


class TooManyReports(Exception):
    """The person keeps as many as they may."""


def list_saved_reports(session: Session, viewer: Viewer) -> list[SavedReport]:
    """One's own and those shared with everyone, by name. One query."""
    query = sa.select(SavedReport).where(seen_reports(viewer)).order_by(sa.func.lower(SavedReport.name), SavedReport.id)
    return list(session.execute(query.limit(4 * MOST)).scalars())


def seen_reports(viewer: Viewer) -> sa.ColumnElement[bool]:
    """One's own and those shared with everyone."""
    return sa.or_(SavedReport.owner_user_id == viewer.user_id, SavedReport.is_shared)


def save_report(
    session: Session, viewer: Viewer, *, name: str, args: Mapping[str, str], is_shared: bool, now: datetime
) -> SavedReport:
    """Keep an address under a name. Raises NameTaken, TooManyReports."""
    mine = sa.select(sa.func.count()).where(SavedReport.owner_user_id == viewer.user_id)
    if session.execute(mine).scalar_one() >= MOST:
        raise TooManyReports
    values = {"owner_user_id": viewer.user_id, "name": name, "args": dict(args), "is_shared": is_shared, "created_at": now}
    statement = postgresql.insert(SavedReport).values(id=new_id(), **values).on_conflict_do_nothing().returning(SavedReport.id)
    made = session.execute(statement).scalar_one_or_none()
    if made is None:
        raise NameTaken(name)
    return session.get_one(SavedReport, made)


def delete_report(session: Session, viewer: Viewer, report_id: uuid.UUID) -> bool:
    """False where it is not one's own, or gone already."""
    mine = sa.and_(SavedReport.id == report_id, SavedReport.owner_user_id == viewer.user_id)
    return session.execute(sa.delete(SavedReport).where(mine).returning(SavedReport.id)).first() is not None


def read_targets(session: Session, brand_ids: Sequence[uuid.UUID]) -> dict[str, float]:
    """The targets of these brands together: where they want different things, a figure of all of them has that of the house."""
    rows = session.execute(sa.select(ReportTarget).where(ReportTarget.brand_id.in_(brand_ids))).scalars()
    by_measure: dict[str, dict[uuid.UUID, float]] = {}
    for row in rows:
        by_measure.setdefault(row.measure, {})[row.brand_id] = row.value
    found = {}
    for key in TARGETS:
        usual = MEASURES[key].target or 0.0
        wanted = {by_measure.get(key, {}).get(brand_id, usual) for brand_id in brand_ids}
        found[key] = wanted.pop() if len(wanted) == 1 else usual
    return found


def save_targets(
    session: Session, brand_id: uuid.UUID, values: Mapping[str, float | None], *, actor: Actor, now: datetime
) -> None:
    """What the brand wants from now on; None: what the house proposes."""
    for key, value in values.items():
        mine = sa.and_(ReportTarget.brand_id == brand_id, ReportTarget.measure == key)
        session.execute(sa.delete(ReportTarget).where(mine))
        if value is not None:
            session.add(ReportTarget(brand_id=brand_id, measure=key, value=value, set_at=now, set_by_user_id=actor.user_id))
    session.flush()
    detail = {key: value for key, value in values.items() if value is not None}
    about = {"action": "TargetsChanged", "object_type": "brand", "object_id": str(brand_id)}
    audit(session, now=now, actor=actor, detail=detail, **about)
