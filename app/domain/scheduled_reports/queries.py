"""Read scheduled reports, possible recipients, and the outcomes of the mails."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.accounts.permissions import Permission, role_may
from app.domain.accounts.queries import list_people
from app.domain.scheduled_reports.due import Due, Rhythm, next_due
from app.domain.scheduled_reports.models import ReportRecipient, ReportSchedule, ReportSend


class ScheduleMissing(Exception):
    """Raised when the scheduled report does not exist, or does not belong to the viewer."""


@dataclass(frozen=True)
class ScheduleRow:
    """A scheduled report as its page shows it. `sends` are its newest mails with the recipients' names, the newest first."""

    schedule: ReportSchedule
    owner_name: str
    is_own: bool
    recipients: tuple[User, ...]
    sends: tuple[tuple[ReportSend, str], ...]

    def next(self, zone: str, now: datetime) -> Due:
        return next_due(rhythm_of(self.schedule), ZoneInfo(zone), now)


def rhythm_of(schedule: ReportSchedule) -> Rhythm:
    return Rhythm(schedule.every, schedule.weekday, schedule.month_day, schedule.hour)


def list_schedules(session: Session, viewer: Viewer, *, shown_sends: int = 6) -> list[ScheduleRow]:
    """List the viewer's own scheduled reports and those the viewer receives, by name. Three queries."""
    gets = sa.exists().where(ReportRecipient.schedule_id == ReportSchedule.id, ReportRecipient.user_id == viewer.user_id)
    query = sa.select(ReportSchedule, User.name).join(User, User.id == ReportSchedule.owner_user_id)
    query = query.where(sa.or_(ReportSchedule.owner_user_id == viewer.user_id, gets))
    found = session.execute(query.order_by(sa.func.lower(ReportSchedule.name), ReportSchedule.id)).all()
    return _rows(session, found, viewer.user_id, shown_sends)


def get_schedule(session: Session, viewer: Viewer, schedule_id: uuid.UUID, *, shown_sends: int = 30) -> ScheduleRow:
    """Return a scheduled report of the viewer. Raises ScheduleMissing."""
    query = sa.select(ReportSchedule, User.name).join(User, User.id == ReportSchedule.owner_user_id)
    found = session.execute(query.where(ReportSchedule.id == schedule_id, ReportSchedule.owner_user_id == viewer.user_id)).all()
    if not found:
        raise ScheduleMissing(str(schedule_id))
    return _rows(session, found, viewer.user_id, shown_sends)[0]


def list_possible_recipients(session: Session, viewer: Viewer) -> list[User]:
    """List, by name, the active users who may see figures of a brand that the viewer sees too."""
    return [
        one.user
        for one in list_people(session)
        if one.user.disabled_at is None
        and role_may(one.user.role, Permission.ANALYTICS_SEE)
        and (one.sees_all_brands or any(brand.id in viewer.brand_ids for brand in one.brands))
    ]


def _rows(session: Session, found: Sequence[sa.Row[*tuple[Any, ...]]], me: uuid.UUID, shown: int) -> list[ScheduleRow]:
    ids = [row.ReportSchedule.id for row in found]
    people, sends = _recipients(session, ids), _sends(session, ids, shown)
    return [
        ScheduleRow(
            row.ReportSchedule,
            row.name,
            row.ReportSchedule.owner_user_id == me,
            tuple(people[row.ReportSchedule.id]),
            tuple(sends[row.ReportSchedule.id]),
        )
        for row in found
    ]


def _recipients(session: Session, ids: Collection[uuid.UUID]) -> defaultdict[uuid.UUID, list[User]]:
    query = sa.select(ReportRecipient.schedule_id, User).join(User, User.id == ReportRecipient.user_id)
    people: defaultdict[uuid.UUID, list[User]] = defaultdict(list)
    for row in session.execute(query.where(ReportRecipient.schedule_id.in_(ids)).order_by(User.name, User.id)):
        people[row.schedule_id].append(row.User)
    return people


def _sends(session: Session, ids: Collection[uuid.UUID], shown: int) -> defaultdict[uuid.UUID, list[tuple[ReportSend, str]]]:
    number = sa.func.row_number().over(
        partition_by=ReportSend.schedule_id, order_by=(ReportSend.created_at.desc(), ReportSend.id.desc())
    )
    newest = sa.select(ReportSend.id, number.label("number")).where(ReportSend.schedule_id.in_(ids)).subquery()
    query = sa.select(ReportSend, User.name).join(newest, newest.c.id == ReportSend.id).join(User, User.id == ReportSend.user_id)
    found: defaultdict[uuid.UUID, list[tuple[ReportSend, str]]] = defaultdict(list)
    query = query.where(newest.c.number <= shown).execution_options(populate_existing=True)
    for row in session.execute(query.order_by(ReportSend.created_at.desc(), ReportSend.id.desc())):
        found[row.ReportSend.schedule_id].append((row.ReportSend, row.name))
    return found
