"""Keep an appointment in a mailbox's calendar: claim, close the session, call the provider, note what it said; an edge.

At least once, and once is enough: what may have been written before is looked for by our reference before it is written again.
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
from app.core.runtime import runtime
from app.core.text import mark as N_
from app.core.work import FAILED, Lease, claim, finish, next_delay_seconds, put_back
from app.domain.appointments.actions import lock_appointment
from app.domain.appointments.entries import promise_entry
from app.domain.appointments.models import Appointment, CalendarEntry
from app.domain.connections.account import account_of
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact

TABLE = table_of(CalendarEntry)
NO_CALENDAR = N_("The channel is off, or its calendar is not followed any more.")
log = get_logger(__name__)


@dataclass(frozen=True)
class _Call:
    """`wanted` is None where the event has to go. `key`: what it is called there; `was_tried`: it may be there without one."""

    lease: Lease
    account: ChannelAccount
    adapter: HasCalendar
    reference: str
    key: str | None
    was_tried: bool
    wanted: WantedEvent | None


def keep(entry_id: uuid.UUID) -> None:
    """One try to bring the calendar in step."""
    with transaction() as session:
        lease = claim(session, TABLE, entry_id, lease_seconds=runtime().settings.lease_seconds)
        call = _prepare(session, lease) if lease else None
    if call is None:
        return
    try:
        written = _write(call)
    except EventGone:
        _write_anew(call)
    except ProviderError as error:
        _note_failure(call.lease, error)
    else:
        _note(call, written)


def _prepare(session: Session, lease: Lease) -> _Call | None:
    entry = session.get_one(CalendarEntry, lease.row_id, populate_existing=True)
    appointment = session.get_one(Appointment, entry.appointment_id, populate_existing=True)
    channel = session.get_one(Channel, entry.channel_id, populate_existing=True)
    adapter = runtime().adapters.calendars.get(channel.adapter_key)
    if adapter is None or not channel.is_active or channel.settings.get("calendar") != "on":
        finish(session, TABLE, lease, state=FAILED, values={"problem": NO_CALENDAR})
        return None
    reference, was_tried = str(entry.id), entry.tried_at is not None
    wanted = _wanted(session, appointment, reference) if appointment.is_planned else None
    if entry.event_id is None and wanted is not None:
        entry.tried_at = utc_now()
    return _Call(lease, account_of(channel), adapter, reference, entry.event_id, was_tried, wanted)


def _wanted(session: Session, appointment: Appointment, reference: str) -> WantedEvent:
    name = session.get_one(Contact, appointment.contact_id).name
    subject = f"{appointment.title} · {name}" if name else appointment.title
    where = f"{runtime().settings.public_url}/appointments/{appointment.id}"
    text = "\n\n".join(filter(None, (appointment.notes, where)))
    return WantedEvent(reference, subject, appointment.starts_at, appointment.ends_at, appointment.place, text)


def _write(call: _Call) -> WrittenEvent | None:
    if call.wanted is not None:
        return call.adapter.write_event(account=call.account, event=call.wanted, key=call.key, may_be_there=call.was_tried)
    if call.key is not None or call.was_tried:
        call.adapter.remove_event(account=call.account, reference=call.reference, key=call.key)
    return None


def _note(call: _Call, written: WrittenEvent | None) -> None:
    """The name is kept even where the row is somebody else's by now: they change that event then, and make no second one."""
    with transaction() as session:
        if written is None:
            if finish(session, TABLE, call.lease):
                session.execute(sa.delete(CalendarEntry).where(CalendarEntry.id == call.lease.row_id))
            return
        named = sa.update(TABLE).where(TABLE.c.id == call.lease.row_id)
        session.execute(named.values(event_id=written.key, changed_at=written.changed_at))
        finish(session, TABLE, call.lease, values={"problem": ""})


def _write_anew(call: _Call) -> None:
    """Somebody took it out there, and it was changed here since: it comes back as another event."""
    with transaction() as session:
        entry = session.get(CalendarEntry, call.lease.row_id, populate_existing=True)
        if entry is None:
            return
        appointment = lock_appointment(session, entry.appointment_id)
        session.delete(entry)
        session.flush()
        promise_entry(session, appointment)
    runtime().nudger.nudge()


def _note_failure(lease: Lease, error: ProviderError) -> None:
    problem = " · ".join(filter(None, (error.reason.title, error.reason.advice)))
    delay = None if error.permanent else next_delay_seconds(lease.attempts)
    log.warning("calendar_entry_not_written", code=error.reason.code, attempts=lease.attempts)
    with transaction() as session:
        if delay is None:
            finish(session, TABLE, lease, state=FAILED, values={"problem": problem})
        else:
            put_back(session, TABLE, lease, delay_seconds=max(delay, error.retry_after_seconds or 0), values={"problem": problem})
