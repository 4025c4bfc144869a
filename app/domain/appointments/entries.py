"""Choose the mailbox that gets an appointment in its calendar, and promise the calendar entry.

The caller owns the transaction and has locked the appointment.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.work import READY
from app.domain.appointments.models import Appointment, CalendarEntry
from app.domain.connections.models import Channel, ChannelType
from app.domain.threads.models import Thread

FOLLOWED = {"calendar": "on"}


def promise_entry(session: Session, appointment: Appointment) -> None:
    """Promise to write the present version of the appointment into a calendar. Does nothing if no mailbox of the brand shares
    its calendar.

    A worker that is writing the former version loses its claim on the row. The next writer finds the calendar event that this
    worker made by our reference in it, and changes it.
    """
    entry = find_entry(session, appointment.id)
    if entry is None:
        if not appointment.is_planned:
            return
        channel_id = _calendar_of(session, appointment)
        if channel_id is None:
            return
        entry = CalendarEntry(id=new_id(), appointment_id=appointment.id, channel_id=channel_id)
        session.add(entry)
    entry.state, entry.run_at, entry.attempts, entry.problem = READY, sa.func.clock_timestamp(), 0, ""
    entry.lease_token = entry.lease_until = entry.hinted_at = None
    session.flush()


def find_entry(session: Session, appointment_id: uuid.UUID) -> CalendarEntry | None:
    """Return the calendar entry of an appointment, locked, or None if it has none."""
    query = sa.select(CalendarEntry).where(CalendarEntry.appointment_id == appointment_id)
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalar_one_or_none()


def _calendar_of(session: Session, appointment: Appointment) -> uuid.UUID | None:
    """Return the id of the mailbox whose calendar gets the appointment: the thread's mailbox, or else the brand's first mailbox
    by name. Only active mailboxes that share their calendar count. Return None if there is none."""
    of_thread = sa.select(Thread.channel_id).where(Thread.id == appointment.thread_id).scalar_subquery()
    query = sa.select(Channel.id).where(
        Channel.brand_id == appointment.brand_id,
        Channel.channel_type == ChannelType.EMAIL_OUTLOOK,
        Channel.is_active,
        Channel.settings.contains(FOLLOWED),
    )
    query = query.order_by((Channel.id == of_thread).desc().nulls_last(), Channel.name).limit(1)
    return session.execute(query).scalar_one_or_none()
