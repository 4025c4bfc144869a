"""Create, change, pause and delete scheduled reports, and queue the mails that are due. The caller owns the transaction.

A row of `ReportSend` is written before the mail, one for each schedule, recipient and due time. So each mail is sent once,
however often the job runs.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.analytics.filters import read_filters
from app.domain.events.actions import audit
from app.domain.scheduled_reports.due import LATEST, Due, Rhythm, last_due
from app.domain.scheduled_reports.models import ReportRecipient, ReportSchedule, ReportSend
from app.domain.scheduled_reports.queries import get_schedule, list_possible_recipients, rhythm_of

MOST, MOST_RECIPIENTS = 20, 30
SENDS = table_of(ReportSend)


class ScheduleNameTaken(Exception):
    """Raised when the user has another scheduled report with this name."""


class TooManySchedules(Exception):
    """Raised when the user already has `MOST` scheduled reports."""


class UnknownRecipients(Exception):
    """Raised when a recipient may not see figures, or when there are no recipients or too many."""


@dataclass(frozen=True)
class ScheduleContent:
    """The content of a scheduled report as people enter it, with the fields of `ReportSchedule`."""

    name: str
    args: Mapping[str, str]
    is_open: bool
    rhythm: Rhythm
    recipient_ids: tuple[uuid.UUID, ...]


def make_schedule(session: Session, viewer: Viewer, content: ScheduleContent, *, now: datetime) -> ReportSchedule:
    """Create a scheduled report. Raises ScheduleNameTaken, TooManySchedules, UnknownRecipients."""
    mine = sa.select(sa.func.count()).where(ReportSchedule.owner_user_id == viewer.user_id)
    if session.execute(mine).scalar_one() >= MOST:
        raise TooManySchedules
    row = ReportSchedule(id=new_id(), owner_user_id=viewer.user_id, created_at=now, **_columns(content, now))
    _check(session, viewer, content, row.id)
    session.add(row)
    session.flush()
    _set_recipients(session, row.id, content.recipient_ids)
    _note(session, viewer, row, "ReportScheduled", now)
    return row


def change_schedule(
    session: Session, viewer: Viewer, schedule_id: uuid.UUID, content: ScheduleContent, *, now: datetime
) -> ReportSchedule:
    """Change a scheduled report. Raises ScheduleMissing, ScheduleNameTaken, UnknownRecipients."""
    row = get_schedule(session, viewer, schedule_id).schedule
    _check(session, viewer, content, row.id)
    for name, value in _columns(content, now).items():
        setattr(row, name, value)
    session.flush()
    _set_recipients(session, row.id, content.recipient_ids)
    _note(session, viewer, row, "ReportScheduleChanged", now)
    return row


def pause_schedule(session: Session, viewer: Viewer, schedule_id: uuid.UUID, *, is_paused: bool, now: datetime) -> None:
    """Pause or resume a scheduled report. Mails that were due during the pause are never sent. Raises `ScheduleMissing`."""
    row = get_schedule(session, viewer, schedule_id).schedule
    if is_paused == (row.paused_at is not None):
        return
    row.paused_at, row.since_at = (now, row.since_at) if is_paused else (None, now)
    session.flush()
    _note(session, viewer, row, "ReportSchedulePaused" if is_paused else "ReportScheduleResumed", now)


def delete_schedule(session: Session, viewer: Viewer, schedule_id: uuid.UUID, *, now: datetime) -> None:
    """Delete a scheduled report with its recipients and the log of its mails. Raises ScheduleMissing."""
    row = get_schedule(session, viewer, schedule_id).schedule
    _note(session, viewer, row, "ReportScheduleDeleted", now)
    session.delete(row)
    session.flush()


def leave_schedule(session: Session, viewer: Viewer, schedule_id: uuid.UUID) -> bool:
    """Remove the viewer from the recipients of a report. Return False if the viewer was not a recipient."""
    mine = sa.and_(ReportRecipient.schedule_id == schedule_id, ReportRecipient.user_id == viewer.user_id)
    statement = sa.delete(ReportRecipient).where(mine).returning(ReportRecipient.user_id)
    return session.execute(statement).first() is not None


def ask_for_test(session: Session, viewer: Viewer, schedule_id: uuid.UUID, *, now: datetime) -> uuid.UUID:
    """Queue a test mail of the report to the viewer now, even if the report is paused. Return the id of the `ReportSend`.

    Raises `ScheduleMissing`.
    """
    row = get_schedule(session, viewer, schedule_id).schedule
    due = last_due(rhythm_of(row), ZoneInfo(viewer.timezone), now)
    send = ReportSend(id=new_id(), **_send(row.id, viewer.user_id, due, now), is_test=True)
    send.due_at = now
    session.add(send)
    session.flush()
    return send.id


def plan_sends(session: Session, *, now: datetime) -> int:
    """Queue the due mails that are not queued yet. Return how many.

    After an outage, only the newest due mail of a report is sent to each recipient.
    """
    query = sa.select(ReportSchedule, User.id, User.timezone).join(ReportRecipient, ReportRecipient.user_id == User.id)
    query = query.join(ReportSchedule, ReportSchedule.id == ReportRecipient.schedule_id)
    rows = []
    for schedule, user_id, timezone in session.execute(query.where(ReportSchedule.paused_at.is_(None))):
        due = last_due(rhythm_of(schedule), ZoneInfo(timezone), now)
        if due.at > schedule.since_at and now - due.at < LATEST[schedule.every]:
            rows.append({"id": new_id(), "is_test": False, "state": "ready", "attempts": 0})
            rows[-1] |= {"run_at": now, **_send(schedule.id, user_id, due, now)}
    if not rows:
        return 0
    statement = postgresql.insert(SENDS).values(rows)
    once = statement.on_conflict_do_nothing(
        index_elements=["schedule_id", "user_id", "due_at"], index_where=sa.text("NOT is_test")
    )
    return len(session.execute(once.returning(SENDS.c.id)).all())


def _send(schedule_id: uuid.UUID, user_id: uuid.UUID, due: Due, now: datetime) -> dict[str, object]:
    days = {"due_at": due.at, "first_day": due.first, "last_day": due.last}
    return {"schedule_id": schedule_id, "user_id": user_id, "created_at": now, "error": "", **days}


def _columns(content: ScheduleContent, now: datetime) -> dict[str, object]:
    rhythm = content.rhythm
    moment = {"every": rhythm.every, "weekday": rhythm.weekday, "month_day": rhythm.month_day, "hour": rhythm.hour}
    return {"name": content.name, "args": read_filters(content.args), "is_open": content.is_open, "since_at": now, **moment}


def _check(session: Session, viewer: Viewer, content: ScheduleContent, own_id: uuid.UUID) -> None:
    same = sa.func.lower(ReportSchedule.name) == content.name.lower()
    taken = sa.select(ReportSchedule.id).where(ReportSchedule.owner_user_id == viewer.user_id, same, ReportSchedule.id != own_id)
    if session.execute(taken).first() is not None:
        raise ScheduleNameTaken(content.name)
    known = {one.id for one in list_possible_recipients(session, viewer)}
    if not 1 <= len(content.recipient_ids) <= MOST_RECIPIENTS or not known.issuperset(content.recipient_ids):
        raise UnknownRecipients


def _set_recipients(session: Session, schedule_id: uuid.UUID, user_ids: Collection[uuid.UUID]) -> None:
    session.execute(sa.delete(ReportRecipient).where(ReportRecipient.schedule_id == schedule_id))
    session.execute(sa.insert(ReportRecipient), [{"schedule_id": schedule_id, "user_id": one} for one in sorted(set(user_ids))])


def _note(session: Session, viewer: Viewer, row: ReportSchedule, action: str, now: datetime) -> None:
    detail = {"every": row.every.value, "hour": row.hour}
    about = {"action": action, "object_type": "report_schedule", "object_id": str(row.id)}
    audit(session, now=now, actor=viewer.actor, detail=detail, **about)
