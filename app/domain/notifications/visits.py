"""Notify technicians of changes to their visits, and of messages from customers whose visit is within a day.

The handlers run in the event's transaction; see app/wiring.py.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import known
from app.domain.accounts.models import User
from app.domain.appointments.models import UNDER_WAY, Appointment, AppointmentKind, AppointmentState
from app.domain.events.models import Event
from app.domain.notifications.actions import News, tell
from app.domain.notifications.models import NotificationKind
from app.domain.threads.automatic import by_people, in_older_threads

NEW = known("New visit for you: %(date)s at %(time)s")
MOVED = known("Your visit has moved to %(date)s at %(time)s")
CHANGED = known("Your visit on %(date)s at %(time)s was changed")
CANCELLED = known("Your visit on %(date)s at %(time)s was cancelled")
GIVEN_AWAY = known("A colleague took over your visit on %(date)s at %(time)s")
WROTE = known("The customer for your visit on %(date)s at %(time)s sent a message")
WAITS = known(
    "Items waiting on your phone to be sent: %(count)s (since %(date)s at %(time)s). To send everything, "
    "open the app while you have a connection."
)
WORDS = {
    "AppointmentPlanned": NEW,
    "AppointmentPlannedAgain": NEW,
    "AppointmentMoved": MOVED,
    "AppointmentChanged": CHANGED,
    "AppointmentCancelled": CANCELLED,
}
AHEAD, OF_THE_DAY = timedelta(days=14), timedelta(days=1)


def tell_technician(session: Session, event: Event) -> None:
    """Notify the current and the former technician of a change to a visit, if the visit is within the next two weeks. The user
    who made the change is not notified."""
    words = WORDS.get(event.type)
    if words is None:
        return
    visit = session.get_one(Appointment, uuid.UUID(event.payload["appointment_id"]))
    if visit.kind != AppointmentKind.VISIT or not event.occurred_at - OF_THE_DAY < visit.ends_at < event.occurred_at + AHEAD:
        return
    former = event.payload.get("former_technician_user_id", str(visit.technician_user_id))
    is_new = former != str(visit.technician_user_id)
    _tell(session, event, visit, NEW if is_new else words, visit.technician_user_id)
    if is_new and former:
        _tell(session, event, visit, GIVEN_AWAY, uuid.UUID(former), place="/today")


def tell_of_answers(session: Session, events: Sequence[Event]) -> None:
    """Handle `MessageReceived`: notify the technician of an open visit to this customer that begins within a day before or
    after now. One query."""
    by_thread = {event.thread_id: event for event in by_people(session, in_older_threads(events))}
    if not by_thread:
        return
    now = max(event.occurred_at for event in by_thread.values())
    open_ones = Appointment.state.in_((AppointmentState.PLANNED, *UNDER_WAY)), Appointment.kind == AppointmentKind.VISIT
    near = Appointment.starts_at.between(now - OF_THE_DAY, now + OF_THE_DAY)
    query = sa.select(Appointment).where(Appointment.thread_id.in_(by_thread), Appointment.technician_user_id.is_not(None))
    for visit in session.execute(query.where(near, *open_ones).order_by(Appointment.starts_at)).scalars():
        place = f"/visits/{visit.id}#messages"
        _tell(session, by_thread[visit.thread_id], visit, WROTE, visit.technician_user_id, place=place)


def tell_of_waiting(session: Session, event: Event) -> None:
    """Handle `PhoneWaits`: notify the phone's user that unsent entries wait on it. A phone sends nothing while its app is
    closed."""
    user = session.get_one(User, uuid.UUID(event.payload["user_id"]))
    since = datetime.fromisoformat(event.payload["since"]).astimezone(ZoneInfo(user.timezone))
    words = WAITS % {"count": event.payload["count"], "date": since.date().isoformat(), "time": f"{since:%H:%M}"}
    news = News(NotificationKind.VISIT, event.brand_id, None, None, None, event.occurred_at, text=words, place="/visits/queue")
    tell(session, news, to=User.id == user.id, caused_by=event)


def _tell(session: Session, event: Event, visit: Appointment, words: str, user_id: uuid.UUID | None, *, place: str = "") -> None:
    if user_id is None:
        return
    begins = _begin(visit)
    news = News(
        NotificationKind.VISIT,
        visit.brand_id,
        None,
        None,
        event.actor_user_id,
        event.occurred_at,
        text=words % {"date": begins.date().isoformat(), "time": f"{begins:%H:%M}"},
        place=place or f"/visits/{visit.id}",
    )
    tell(session, news, to=User.id == user_id, caused_by=event)


def _begin(visit: Appointment) -> datetime:
    return visit.starts_at.astimezone(ZoneInfo(visit.zone))
