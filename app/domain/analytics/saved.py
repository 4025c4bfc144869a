"""Save and read named reports and the targets of a brand. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.analytics.measures import MEASURES, Measure
from app.domain.analytics.saved_models import ReportTarget, SavedReport
from app.domain.events.actions import Actor, audit

MOST = 50
"""Reports one person keeps."""
TargetKey = tuple[str, str]
"""A figure and a kind of channel, "" for all of them."""
TARGETS: dict[TargetKey, float] = {
    **{(key, ""): measure.target for key, measure in MEASURES.items() if measure.target is not None},
    ("first_response", "email"): 4 * 3600,
    ("first_response", "whatsapp"): 3600,
    ("first_response", "sms"): 3600,
}
"""What the house proposes: its success metrics."""


class NameTaken(Exception):
    """The user has another saved report with this name."""


class TooManyReports(Exception):
    """The user has the largest allowed number of saved reports."""


def list_saved_reports(session: Session, viewer: Viewer) -> list[SavedReport]:
    """List the viewer's saved reports and those shared with everyone, by name. One query."""
    query = sa.select(SavedReport).where(seen_reports(viewer)).order_by(sa.func.lower(SavedReport.name), SavedReport.id)
    return list(session.execute(query.limit(4 * MOST)).scalars())


def seen_reports(viewer: Viewer) -> sa.ColumnElement[bool]:
    """Return the condition on saved reports: the viewer's own and those shared with everyone."""
    return sa.or_(SavedReport.owner_user_id == viewer.user_id, SavedReport.is_shared)


def save_report(
    session: Session, viewer: Viewer, *, name: str, args: Mapping[str, str], is_shared: bool, now: datetime
) -> SavedReport:
    """Save the query parameters of a report (`args`) under a name. Raises `NameTaken` if the user has a report with this name,
    and `TooManyReports` if the user has too many."""
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
    """Delete a saved report of the viewer. Returns False if it is another user's or does not exist."""
    mine = sa.and_(SavedReport.id == report_id, SavedReport.owner_user_id == viewer.user_id)
    return session.execute(sa.delete(SavedReport).where(mine).returning(SavedReport.id)).first() is not None


def read_targets(session: Session, brand_ids: Sequence[uuid.UUID]) -> dict[TargetKey, float]:
    """Return the targets of these brands by measure and medium. If the brands have different targets for a measure, the default
    is returned for it."""
    rows = session.execute(sa.select(ReportTarget).where(ReportTarget.brand_id.in_(brand_ids))).scalars()
    wanted = {(row.measure, row.medium, row.brand_id): row.value for row in rows}
    found = {}
    for (key, medium), usual in TARGETS.items():
        values = {wanted.get((key, medium, brand_id), usual) for brand_id in brand_ids}
        found[key, medium] = values.pop() if len(values) == 1 else usual
    return found


def measures_of(targets: Mapping[TargetKey, float], medium: str = "") -> dict[str, Measure]:
    """Return all measures by key, with these targets. A target for `medium` takes precedence over a general target."""
    return {
        key: replace(one, target=targets.get((key, medium), targets.get((key, ""), one.target))) for key, one in MEASURES.items()
    }


def save_targets(
    session: Session, brand_id: uuid.UUID, values: Mapping[TargetKey, float | None], *, actor: Actor, now: datetime
) -> None:
    """Save the targets of the brand. The value None removes the brand's own target, so that the default applies."""
    for (key, medium), value in values.items():
        mine = sa.and_(ReportTarget.brand_id == brand_id, ReportTarget.measure == key, ReportTarget.medium == medium)
        session.execute(sa.delete(ReportTarget).where(mine))
        if value is not None:
            set_by = {"set_at": now, "set_by_user_id": actor.user_id}
            session.add(ReportTarget(brand_id=brand_id, measure=key, medium=medium, value=value, **set_by))
    session.flush()
    detail = {" ".join(filter(None, key)): value for key, value in values.items() if value is not None}
    about = {"action": "TargetsChanged", "object_type": "brand", "object_id": str(brand_id)}
    audit(session, now=now, actor=actor, detail=detail, **about)
