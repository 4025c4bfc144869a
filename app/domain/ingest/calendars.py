"""Follow mailboxes' calendars: create a task for each event, and change or cancel the task when the event changes.

Runs at least once. Tasks and the calendar's cursor are written in one transaction, and only if no other worker has read
further meanwhile. A finished or cancelled task is not changed. An event of one of our own appointments creates no task, but
changes or cancels the appointment (app/domain/appointments/calendar_pull.py).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ProviderError
from app.contract.calendars import CalendarEvent, CalendarPage
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.appointments.calendar_pull import drop_own_event, follow_own_event
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, reading
from app.domain.connections.queries import list_channels
from app.domain.events.actions import SYSTEM
from app.domain.ingest.mailbox_models import FollowedEvent
from app.domain.tasks.actions import TaskContent, add_task, edit_task, lock_task, set_task_status
from app.domain.tasks.models import Task, TaskStatus, TaskType

log = get_logger(__name__)
ZONE = "Europe/Amsterdam"  # of the dates of tasks nobody has
MAX_PAGES = 20
TITLE_CHARACTERS = 300


def read_calendars(**_ignored: Any) -> None:
    """RQ entry point, periodic: read the calendar of every mailbox whose setting `calendar` is "on"."""
    with transaction() as session:
        mailboxes = [one for one in list_channels(session, active_only=True) if one.settings.get("calendar") == "on"]
        followed = [one for one in mailboxes if one.adapter_key in runtime().adapters.calendars]
        session.expunge_all()
    for channel in followed:
        try:
            read_calendar(channel)
        except Resting:
            continue
        except ProviderError as error:
            log.warning("calendar_not_read", channel_id=str(channel.id), code=error.reason.code)
            if error.permanent or error.channel_down:
                _note_problem(channel, error)


def _note_problem(channel: Channel, error: ProviderError) -> None:
    """Store on the channel a calendar problem that a person has to solve. The problem is cleared when a page is read again."""
    words = " · ".join(filter(None, (error.reason.title, error.reason.advice)))
    with transaction() as session:
        session.execute(sa.update(Channel).where(Channel.id == channel.id).values(calendar_problem=words))


def read_calendar(channel: Channel) -> int:
    """Read the changes of one calendar. Return the number of pages that were stored. Raises `ProviderError` and `Resting`."""
    state, adapter = dict(channel.calendar_state), runtime().adapters.calendars[channel.adapter_key]
    for kept in range(MAX_PAGES):
        with reading(channel):
            page = adapter.poll_calendar(account=account_of(channel), state=state)
        if not _keep(channel, state, page):
            return kept
        state = page.state
        if not page.more:
            return kept + 1
    return MAX_PAGES


def _keep(channel: Channel, former: dict[str, Any], page: CalendarPage) -> bool:
    """Apply one page of changes of a calendar and return True. Return False, and write nothing, if another worker has read
    further meanwhile."""
    unread = sa.and_(Channel.id == channel.id, Channel.calendar_state == former)
    with transaction() as session:
        mine = sa.update(Channel).where(unread).values(calendar_state=page.state, calendar_problem="").returning(Channel.id)
        if session.execute(mine).first() is None:
            return False
        for event in page.events:
            follow_event(session, channel, event, now=utc_now())
        for key in page.removed:
            if not drop_own_event(session, channel.id, key, now=utc_now()):
                _drop(session, channel, key, utc_now())
    return True


def follow_event(session: Session, channel: Channel, event: CalendarEvent, *, now: datetime) -> None:
    """Create, change or cancel the task of a calendar event. If the event belongs to one of our own appointments, change the
    appointment instead.

    The caller has locked the channel.
    """
    if follow_own_event(session, channel.id, event, now=now):
        return
    if event.is_cancelled:
        _drop(session, channel, event.key, now)
        return
    known = session.get(FollowedEvent, (channel.id, event.key), populate_existing=True)
    if known is None:
        if event.starts_at >= now:
            made = add_task(session, _content(channel, event), now=now, actor=SYSTEM)
            session.add(FollowedEvent(channel_id=channel.id, event_id=event.key, task_id=made.id))
            session.flush()
        return
    task = _open_task(session, known)
    wanted = _content(channel, event)
    if task and (task.title, task.due_date, task.due_time) != (wanted.title, wanted.due_date, wanted.due_time):
        edit_task(session, task.id, _kept(task, wanted), now=now, actor=SYSTEM)


def _drop(session: Session, channel: Channel, key: str, now: datetime) -> None:
    known = session.get(FollowedEvent, (channel.id, key), populate_existing=True)
    task = _open_task(session, known) if known else None
    if task is not None:
        set_task_status(session, task.id, TaskStatus.CANCELLED, now=now, actor=SYSTEM)


def _open_task(session: Session, known: FollowedEvent) -> Task | None:
    """Return the calendar event's open task, locked. Return None if the task was finished, cancelled or deleted."""
    if known.task_id is None:
        return None
    task = lock_task(session, known.task_id)
    return task if task.is_open else None


def _content(channel: Channel, event: CalendarEvent) -> TaskContent:
    local = event.starts_at if event.is_all_day else event.starts_at.astimezone(ZoneInfo(ZONE))
    return TaskContent(
        brand_id=channel.brand_id,
        title=storable(event.subject).strip()[:TITLE_CHARACTERS] or channel.name,
        notes=storable(event.place)[:1000],
        task_type=TaskType.FOLLOW_UP,
        due_date=local.date(),
        due_time=None if event.is_all_day else local.time().replace(second=0, microsecond=0),
        zone=ZONE,
    )


def _kept(task: Task, wanted: TaskContent) -> TaskContent:
    """Return the task's content with title and time from the calendar. All other values stay as people set them here."""
    return TaskContent(
        brand_id=task.brand_id,
        title=wanted.title,
        notes=task.notes,
        task_type=task.task_type,
        priority=task.priority,
        assignee_user_id=task.assignee_user_id,
        due_date=wanted.due_date,
        due_time=wanted.due_time,
        reminder_minutes=task.reminder_minutes,
        recurrence=task.recurrence,
        thread_id=task.thread_id,
        zone=wanted.zone,
        waiting_for=task.waiting_for,
        depends_on_id=task.depends_on_id,
    )
