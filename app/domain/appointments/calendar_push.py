"""Write an appointment into a mailbox's calendar, and update or delete its event there.

The job may run more than once. A repeat is harmless: if the event may already exist, it is first looked up by our reference.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import ChannelAccount, ProviderError
from app.contract.calendars import EventGone, HasCalendar, WantedEvent, WrittenEvent
from app.core.clock import utc_now
from app.core.db import table_of, transaction
from app.core.log import get_logger
from app.core.promises import Ended, Failed, Promise
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import FAILED, Lease
from app.domain.appointments.actions import lock_appointment
from app.domain.appointments.entries import promise_entry
from app.domain.appointments.models import Appointment, CalendarEntry
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact

NO_CALENDAR = N_("The channel is off, or we no longer sync its calendar.")
log = get_logger(__name__)


@dataclass(frozen=True)
class _Call:
    """One call to the calendar. `wanted` is the event to write, or None if the event must be deleted. `key` is the event's id
    in the calendar. `was_tried` True: the event may exist there although its id is unknown."""

    entry_id: uuid.UUID
    account: ChannelAccount
    adapter: HasCalendar
    reference: str
    key: str | None
    was_tried: bool
    wanted: WantedEvent | None


def _prepare(session: Session, lease: Lease) -> _Call | Ended:
    entry = session.get_one(CalendarEntry, lease.row_id, populate_existing=True)
    appointment = session.get_one(Appointment, entry.appointment_id, populate_existing=True)
    channel = session.get_one(Channel, entry.channel_id, populate_existing=True)
    adapter = runtime().adapters.calendars.get(channel.adapter_key)
    if adapter is None or not channel.is_active or channel.settings.get("calendar") != "on":
        return Ended({"problem": NO_CALENDAR}, state=FAILED)
    reference, was_tried = str(entry.id), entry.tried_at is not None
    wanted = _wanted(session, appointment, reference) if appointment.is_open else None
    if entry.event_id is None and wanted is not None:
        entry.tried_at = utc_now()
    return _Call(lease.row_id, account_of(channel), adapter, reference, entry.event_id, was_tried, wanted)


def _wanted(session: Session, appointment: Appointment, reference: str) -> WantedEvent:
    name = session.get_one(Contact, appointment.contact_id).name
    subject = f"{appointment.title} · {name}" if name else appointment.title
    where = f"{runtime().settings.public_url}/appointments/{appointment.id}"
    text = "\n\n".join(filter(None, (appointment.notes, where)))
    return WantedEvent(reference, subject, appointment.starts_at, appointment.ends_at, appointment.place, text)


def _write(call: _Call) -> WrittenEvent | None:
    if call.wanted is not None:
        written = call.adapter.write_event(account=call.account, event=call.wanted, key=call.key, may_be_there=call.was_tried)
        _keep_key(call.entry_id, written)
        return written
    if call.key is not None or call.was_tried:
        call.adapter.remove_event(account=call.account, reference=call.reference, key=call.key)
    return None


def _keep_key(entry_id: uuid.UUID, written: WrittenEvent) -> None:
    """Store the id of the written event, even if another worker has claimed the row. That worker then changes this event
    instead of creating a second event."""
    with transaction() as session:
        named = sa.update(CalendarEntry).where(CalendarEntry.id == entry_id)
        session.execute(named.values(event_id=written.key, changed_at=written.changed_at))


def _note(session: Session, call: _Call, answer: WrittenEvent | Exception | None) -> Ended | Failed:
    if isinstance(answer, EventGone):
        return _begin_anew(session, call.entry_id)
    if isinstance(answer, ProviderError):
        problem = " · ".join(filter(None, (answer.reason.title, answer.reason.advice)))
        log.warning("calendar_entry_not_written", code=answer.reason.code)
        values = {"problem": problem}
        return Failed(Ended(values, FAILED), values, is_final=answer.permanent, asked_seconds=answer.retry_after_seconds)
    if answer is None:
        return Ended(then=lambda later: _delete(later, call.entry_id))
    return Ended({"problem": ""})


def _begin_anew(session: Session, entry_id: uuid.UUID) -> Ended:
    """End the entry and promise a new one: the event was deleted in the calendar, and the appointment changed here since."""
    entry = session.get_one(CalendarEntry, entry_id, populate_existing=True)
    appointment = lock_appointment(session, entry.appointment_id)

    def promise_another(later: Session) -> None:
        _delete(later, entry_id)
        promise_entry(later, appointment)

    return Ended(then=promise_another)


def _delete(session: Session, entry_id: uuid.UUID) -> None:
    session.execute(sa.delete(CalendarEntry).where(CalendarEntry.id == entry_id))


PROMISE = Promise(table_of(CalendarEntry), _prepare, _write, _note, errors=(EventGone, ProviderError))
