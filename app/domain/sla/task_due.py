"""Set the due time of a task that was created without a date. The due time depends on the priority of the task."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, audit
from app.domain.events.models import Event
from app.domain.sla.active_policies import calendar_of_brand, read_book, read_calendar
from app.domain.sla.calendar import Calendar
from app.domain.sla.models import TaskDueTime
from app.domain.sla.timing import due_after
from app.domain.sla.update_clocks import instant, seconds
from app.domain.tasks.actions import set_due
from app.domain.tasks.models import Task
from app.domain.threads.models import Priority, Thread


def give_due_time(session: Session, event: Event) -> None:
    """Handle `TaskCreated`: set the task's due time by its priority, unless it has a date."""
    task = session.get_one(Task, uuid.UUID(event.payload["task_id"]))
    if task.due_date is not None:
        return
    minutes = list_task_minutes(session).get(task.priority)
    local = due_on_clock(_calendar(session, task), now=event.occurred_at, minutes=minutes, zone=task.zone)
    if local is not None:
        set_due(session, task, local.date(), local.time())


def due_on_clock(calendar: Calendar, *, now: datetime, minutes: int | None, zone: str) -> datetime | None:
    """Return the local time in `zone` after so many minutes of open time, without seconds.

    Return None if `minutes` is None, or if there will never be so much open time.
    """
    due = instant(due_after(calendar, seconds(now), minutes * 60).at) if minutes else None
    return due.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0) if due else None


def list_task_minutes(session: Session) -> dict[Priority, int]:
    """Return priority -> minutes of open time until a task is due. Tasks with a priority that is absent get no due time."""
    return {row.priority: row.minutes for row in session.execute(sa.select(TaskDueTime.priority, TaskDueTime.minutes))}


def set_task_minutes(session: Session, minutes: Mapping[Priority, int], *, now: datetime, actor: Actor) -> None:
    """Replace all minutes until tasks are due, by priority. They apply to tasks created from now on."""
    session.execute(sa.delete(TaskDueTime))
    session.add_all(TaskDueTime(priority=priority, minutes=count) for priority, count in minutes.items())
    session.flush()
    detail = {priority.value: count for priority, count in minutes.items()}
    audit(session, action="TaskDueTimesChanged", object_type="settings", object_id="tasks", now=now, actor=actor, detail=detail)


def _calendar(session: Session, task: Task) -> Calendar:
    thread = session.get(Thread, task.thread_id) if task.thread_id else None
    if thread is None:
        return calendar_of_brand(session, task.brand_id)
    choice = read_book(session).choose(thread)
    return read_calendar(session, choice.calendar.version_id if choice.calendar else None)
