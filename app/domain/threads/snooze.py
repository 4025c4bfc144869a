"""Snooze threads until a time or the next message, and wake them.

`threads.snoozed_until` stores the time. Every few seconds `app/domain/threads/jobs.py` looks for threads whose time has
come. Waking a thread that is not snoozed changes nothing.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.threads.actions import change_status, lock_thread, subject_of, wake_thread
from app.domain.threads.models import CLOSED_STATUSES, Thread, ThreadStatus

MORNING = time(8)
LATER = timedelta(hours=3)
QUARTER = timedelta(minutes=15)
FARTHEST = timedelta(days=730)


class BadSnoozeTime(ValueError):
    """Raised when the text is no time, or the time has passed or is more than FARTHEST ahead."""


def snooze_times(*, now: datetime, zone: ZoneInfo) -> dict[str, datetime]:
    """Return the times of the menu in aware UTC: "later" (in three hours, only if this is still today), "tomorrow" and "week"
    (next Monday)."""
    local = now.astimezone(zone)
    later = _up_to_quarter(local + LATER)
    tomorrow, monday = local.date() + timedelta(days=1), local.date() + timedelta(days=7 - local.weekday())
    times = {"later": later} if later.date() == local.date() else {}
    times["tomorrow"] = datetime.combine(tomorrow, MORNING, zone)
    times["week"] = datetime.combine(monday, MORNING, zone)
    return {name: at.astimezone(UTC) for name, at in times.items()}


def offered_times(*, now: datetime, zone: ZoneInfo) -> dict[str, datetime]:
    """Return `snooze_times` without duplicates. On a Sunday, "week" is left out because it is the same time as "tomorrow"."""
    times = snooze_times(now=now, zone=zone)
    return {name: at for name, at in times.items() if name != "week" or at != times["tomorrow"]}


def _up_to_quarter(at: datetime) -> datetime:
    past = timedelta(minutes=at.minute % 15, seconds=at.second, microseconds=at.microsecond)
    return at + (QUARTER - past) if past else at


def read_snooze_time(text: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant (aware UTC) in the text of a date-and-time field. A time without an offset is in `zone`. Raises
    BadSnoozeTime."""
    try:
        at = datetime.fromisoformat(text.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadSnoozeTime(text[:40]) from error
    if not now < at <= now + FARTHEST:
        raise BadSnoozeTime(text[:40])
    return at


def snooze_thread(session: Session, *, thread_id: uuid.UUID, until: datetime, actor: Actor, now: datetime) -> Thread:
    """Snooze the thread until `until`. A closed thread is opened first. A snoozed thread gets the new time. Raises
    ThreadMissing."""
    thread = lock_thread(session, thread_id)
    if thread.status in CLOSED_STATUSES:
        change_status(session, thread_id=thread.id, status=ThreadStatus.OPEN, actor=actor, now=now)
    if thread.snoozed_until != until:
        thread.snoozed_until = until
        thread.version += 1
        payload = {"until": until.isoformat()}
        record(session, "ThreadSnoozed", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    return thread


def end_snooze(session: Session, *, thread_id: uuid.UUID, actor: Actor, now: datetime) -> Thread:
    """End the snooze of a thread before its time. The thread keeps its status and stays read. Does nothing without a snooze."""
    thread = lock_thread(session, thread_id)
    wake_thread(session, thread, because="user", actor=actor, now=now)
    return thread


def wake_due_threads(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Wake threads whose snooze is over, the longest overdue first. Return how many. Locked threads are left for the next
    round."""
    due = sa.select(Thread).where(Thread.snoozed_until <= now).order_by(Thread.snoozed_until).limit(limit)
    due = due.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    threads = session.execute(due).scalars().all()
    for thread in threads:
        wake_thread(session, thread, because="due", now=now)
    return len(threads)
