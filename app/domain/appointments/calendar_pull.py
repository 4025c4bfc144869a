"""Take over changes that people make to our appointments in a mailbox's calendar. The caller owns the transaction.

A change is ignored while our own version waits to be written to the calendar, or if it is older than our last write.
"""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.calendars import CalendarEvent
from app.core.text import storable
from app.core.work import READY, RUNNING
from app.domain.appointments.actions import change_appointment, content_of, lock_appointment, set_appointment_state
from app.domain.appointments.models import Appointment, AppointmentState, CalendarEntry
from app.domain.events.actions import SYSTEM

PLACE_CHARACTERS = 300


def follow_own_event(session: Session, channel_id: uuid.UUID, event: CalendarEvent, *, now: datetime) -> bool:
    """Change or cancel our appointment as its calendar event says. Returns False if the event is not one of ours."""
    unknown = sa.and_(CalendarEntry.event_id.is_(None), sa.cast(CalendarEntry.id, sa.Text) == event.reference)
    found = _lock(session, channel_id, sa.or_(CalendarEntry.event_id == event.key, unknown))
    if found is None:
        return False
    appointment, entry = found
    if _is_no_news(entry, event) or not appointment.is_planned:
        return True
    if event.is_cancelled:
        _cancel(session, appointment, entry, now)
        return True
    content = content_of(appointment)
    content = replace(content, place=" ".join(storable(event.place).split())[:PLACE_CHARACTERS])
    if not event.is_all_day:
        length = content.ends_at - content.starts_at
        ends_at = event.ends_at if event.ends_at and event.ends_at > event.starts_at else event.starts_at + length
        content = replace(content, starts_at=event.starts_at, ends_at=ends_at)
    change_appointment(session, appointment.id, content, now=now, actor=SYSTEM, from_calendar=True)
    return True


def drop_own_event(session: Session, channel_id: uuid.UUID, key: str, *, now: datetime) -> bool:
    """Cancel our appointment, unless it is over, after its event was deleted in the calendar. Returns False if the event is not
    one of ours."""
    found = _lock(session, channel_id, CalendarEntry.event_id == key)
    if found is None:
        return False
    appointment, entry = found
    if entry.state not in (READY, RUNNING) and appointment.is_planned and appointment.ends_at > now:
        _cancel(session, appointment, entry, now)
    return True


def _lock(session: Session, channel_id: uuid.UUID, which: sa.ColumnElement[bool]) -> tuple[Appointment, CalendarEntry] | None:
    """Lock the appointment and its calendar entry, in that order, and return both. Return None if there is no such entry."""
    query = sa.select(CalendarEntry).where(CalendarEntry.channel_id == channel_id, which)
    entry = session.execute(query).scalar_one_or_none()
    if entry is None:
        return None
    appointment = lock_appointment(session, entry.appointment_id)
    again = query.with_for_update().execution_options(populate_existing=True)
    entry = session.execute(again).scalar_one_or_none()
    return None if entry is None else (appointment, entry)


def _is_no_news(entry: CalendarEntry, event: CalendarEvent) -> bool:
    if entry.state in (READY, RUNNING):
        return True
    return entry.changed_at is not None and event.changed_at is not None and event.changed_at <= entry.changed_at


def _cancel(session: Session, appointment: Appointment, entry: CalendarEntry, now: datetime) -> None:
    """Cancel the appointment and delete its calendar entry. If the appointment is planned again, it gets an entry with a new
    reference, because a calendar accepts each reference only once."""
    session.delete(entry)
    session.flush()
    set_appointment_state(session, appointment.id, AppointmentState.CANCELLED, now=now, actor=SYSTEM, from_calendar=True)
