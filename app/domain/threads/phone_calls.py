"""Write the record of a provider's phone call in its thread, and update it.

A missed call makes the thread unread and brings it back, as a message would. `CallLogged` is recorded once, when the call is
first known to be over; later reports record `CallChanged`.
"""

from __future__ import annotations

import math
import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.calls import CallUpdate
from app.core.ids import new_id
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, record
from app.domain.threads.actions import NewMessage, add_message, after_reply, lock_thread, reopen_for_incoming, subject_of
from app.domain.threads.call_legs import CallLook, with_update
from app.domain.threads.calls import CALL_META, CallDirection, CallOutcome
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.phone_call_models import PhoneCall


def hear_of_call(session: Session, update: CallUpdate, *, channel_id: uuid.UUID, now: datetime) -> PhoneCall:
    """Store a provider's report of a call, and return the call. The caller has locked the call's id.

    The report of the first leg determines the call's channel.
    """
    query = sa.select(PhoneCall).where(PhoneCall.call_id == update.call_id).with_for_update()
    call = session.execute(query).scalar_one_or_none()
    if call is None:
        call = PhoneCall(id=new_id(), call_id=update.call_id, channel_id=channel_id, legs={}, recording={}, created_at=now)
        session.add(call)
    if call.message_id is None and update.leg_id == update.call_id:
        call.channel_id = channel_id
    call.legs = with_update(call.legs, update)
    call.recording = {**call.recording, **{name: value for name, value in update.recording.items() if value is not None}}
    session.flush()
    return call


def begin_call_record(
    session: Session, call: PhoneCall, look: CallLook, *, thread: Thread, contact: Contact | None, our_name: str, now: datetime
) -> Message:
    """Add the call's record to a locked thread, and return it."""
    incoming = look.direction == CallDirection.INCOMING
    name = (contact.name if contact else look.shown) if incoming else our_name
    values = {
        "kind": "phone_call",
        "sender_contact_id": contact.id if contact and incoming else None,
        "sender": {"name": name, "address": look.number if incoming else ""},
        "recipients": {"to": [{"name": "", "address": look.number or look.shown}]} if look.number or look.shown else {},
        "external_id": call.call_id,
        "content_hash": call.call_id,
        "meta": {CALL_META: meta_of(call, look)},
    }
    new = NewMessage(
        MessageType.PHONE_CALL, "phone", occurred_at=min(look.at, now), text="", channel_id=call.channel_id, values=values
    )
    message = add_message(session, thread, new, now=now)
    call.message_id = message.id
    if thread.last_message_at == message.occurred_at:
        thread.preview = look.number or look.shown
    _settle(session, call, look, message, thread, is_changed=True, now=now)
    return message


def renew_call_record(session: Session, call: PhoneCall, look: CallLook, *, now: datetime) -> Message | None:
    """Update the call's record in its thread and return it, or return None if the record was removed.

    If the report says nothing new, nothing changes.
    """
    message = session.get(Message, call.message_id) if call.message_id else None
    if message is None:
        return None
    thread = lock_thread(session, message.thread_id)
    meta = meta_of(call, look)
    is_changed = message.meta.get(CALL_META) != meta
    message.meta = {**message.meta, CALL_META: meta}
    _settle(session, call, look, message, thread, is_changed=is_changed, now=now)
    return message


def meta_of(call: PhoneCall, look: CallLook) -> dict[str, Any]:
    """Return the data that the record of the call stores in its `meta`.

    It has the keys of a call logged by hand and more, such as "seconds", "missed" and "recording".
    """
    return {
        "direction": look.direction.value,
        "outcome": look.outcome.value,
        "minutes": math.ceil(look.seconds / 60) if look.seconds else None,
        "seconds": look.seconds,
        "missed": look.is_missed,
        "hidden": look.direction == CallDirection.INCOMING and not look.number and not look.shown,
        "recording": call.recording or None,
    }


def _settle(
    session: Session, call: PhoneCall, look: CallLook, message: Message, thread: Thread, *, is_changed: bool, now: datetime
) -> None:
    if not is_changed:
        return
    is_first_end = look.is_over and call.ended_at is None
    thread.version += 1
    if is_first_end:
        call.ended_at = now
        _after_end(session, look, message, thread, now)
    payload = {"direction": look.direction.value, "outcome": look.outcome.value, "missed": look.is_missed, "callback": None}
    event = "CallLogged" if is_first_end else "CallChanged"
    record(session, event, subject=subject_of(thread, message), now=now, payload=payload)
    session.flush()


def _after_end(session: Session, look: CallLook, message: Message, thread: Thread, now: datetime) -> None:
    if look.is_missed:
        thread.inbound_seq = max(thread.inbound_seq, message.seq)
        reopen_for_incoming(session, thread, now=now)
    elif look.direction == CallDirection.OUTGOING and look.outcome == CallOutcome.REACHED:
        after_reply(session, thread, actor=SYSTEM, now=now)
