"""Calculate when a task is due, when to remind of it, and the next date of a recurring task. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.core.months import add_months
from app.domain.tasks.models import Recurrence

MORNING = time(9, 0)  # a task due on a day without a time reminds relative to this


def due_instant(due_date: date, due_time: time | None, zone: str) -> datetime:
    """Return the time (aware, UTC) after which a task is overdue. Without `due_time`, this is the end of its day in `zone`."""
    day, at = (due_date + timedelta(days=1), time()) if due_time is None else (due_date, due_time)
    return datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def reminder_instant(due_date: date, due_time: time | None, zone: str, minutes: int) -> datetime:
    """Return the time (aware, UTC) of a reminder: `minutes` before the due time.

    Without `due_time`, the minutes count back from `MORNING` of the due date.
    """
    at = datetime.combine(due_date, due_time or MORNING, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return at - timedelta(minutes=minutes)


def next_due_date(due_date: date, recurrence: Recurrence, *, after: date) -> date:
    """Return the first date of the series after the date `after`. The series starts at `due_date`.

    A monthly series uses the last day of months that are too short.
    """
    step, found = 1, _nth(due_date, recurrence, 1)
    while found <= after:
        step += 1
        found = _nth(due_date, recurrence, step)
    return found


def _nth(start: date, recurrence: Recurrence, count: int) -> date:
    if recurrence == Recurrence.MONTHLY:
        return add_months(start, count)
    return start + timedelta(days=count * (7 if recurrence == Recurrence.WEEKLY else 1))
