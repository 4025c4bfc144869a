"""Calculate when a missed call must be called back, by the SLA policy of its thread. Runs in the transaction of the call's
event."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy.orm import Session

from app.domain.events.models import Event
from app.domain.sla.active_policies import organizations_of, read_book, read_calendar, terms_of
from app.domain.sla.timing import due_after
from app.domain.sla.update_clocks import instant, seconds
from app.domain.tasks.callbacks import Due, complete_callbacks, make_task_of_missed_call
from app.domain.threads.actions import lock_thread
from app.domain.threads.calls import CallOutcome, next_working_day
from app.domain.threads.models import Message, Thread

MORNING = time(9)


def hear_end_of_call(session: Session, event: Event) -> None:
    """Handle `CallLogged` and `CallChanged`: create a task for a missed call. A later call that reached the caller completes
    the task."""
    message = session.get(Message, event.message_id) if event.message_id else None
    if message is None:
        return
    if event.payload.get("outcome") == CallOutcome.REACHED:
        complete_callbacks(session, message, now=event.occurred_at)
    elif event.payload.get("missed"):
        thread = lock_thread(session, message.thread_id)
        due = callback_due(session, thread, now=event.occurred_at)
        make_task_of_missed_call(session, message, due, now=event.occurred_at, caused_by=event)


def callback_due(session: Session, thread: Thread, *, now: datetime) -> Due:
    """Return when a missed call must be called back: after the first-response time of the policy, counted in open hours.

    If no policy promises a first response, this is nine o'clock on the next working day.
    """
    contact_ids = [thread.contact_id] if thread.contact_id else []
    above = organizations_of(session, contact_ids) if contact_ids else {}
    choice = read_book(session).choose(thread, above.get(thread.contact_id, ()) if thread.contact_id else ())
    calendar = read_calendar(session, choice.calendar.version_id if choice.calendar else None)
    target = terms_of(choice.policy.version_id if choice.policy else None).first_response
    due = instant(due_after(calendar, seconds(now), target).at) if target else None
    if due is None:
        local = calendar.local(seconds(now))
        due = datetime.combine(next_working_day(local.date()), MORNING, local.tzinfo)
    return Due(_whole_minute(calendar.local(seconds(due))), calendar.rules.zone)


def _whole_minute(local: datetime) -> datetime:
    """Round up to a whole minute, so that the result is never before the promised time."""
    return local + timedelta(seconds=60 - local.second) if local.second else local
