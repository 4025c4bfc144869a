"""Apply a provider's reports of a phone call: contact, thread, and the one record of the call."""

from __future__ import annotations

import uuid
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.calls import CallUpdate
from app.core.text import mark as N_
from app.core.text import storable, storable_json
from app.domain.connections.models import Channel
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key, normalise_identity
from app.domain.contacts.models import Contact
from app.domain.ingest.apply import note_heard
from app.domain.ingest.context import ApplyContext, ItemResult
from app.domain.ingest.threading import is_running
from app.domain.threads.actions import NewThread, create_thread, lock_thread
from app.domain.threads.call_legs import CallLook, look_of_call
from app.domain.threads.models import Thread, ThreadType
from app.domain.threads.phone_call_models import PhoneCall
from app.domain.threads.phone_calls import begin_call_record, hear_of_call, renew_call_record


def call_lock_keys(updates: tuple[CallUpdate, ...]) -> list[str]:
    """Return the names of the advisory locks for these reports: of each call, and of each number that may become a contact."""
    numbers = {number for update in updates for number in (update.caller, update.called) if number}
    return [*{f"call:{update.call_id}" for update in updates}, *(identity_lock_key(_identity(n)) for n in numbers)]


def apply_call(session: Session, update: CallUpdate, context: ApplyContext) -> ItemResult:
    """Apply a report of one leg of a call, and return the result.

    The call appears in its thread from its first leg on, and each later leg changes its record. The result is "held" if the
    leg belongs to a call that is not known yet.
    """
    stored = replace(
        update,
        call_id=storable(update.call_id),
        leg_id=storable(update.leg_id),
        shown=storable(update.shown),
        recording=storable_json(update.recording),
    )
    call = hear_of_call(session, stored, channel_id=context.channel.id, now=context.now)
    channel = session.get_one(Channel, call.channel_id)
    note_heard(context.channel, context.now)
    look = look_of_call(call.legs, call.call_id, ours=channel.address)
    if look is None:
        return ItemResult("held", reason=N_("waiting for the call that this event belongs to"))
    if call.message_id is not None:
        message = renew_call_record(session, call, look, now=context.now)
        return ItemResult("changed", message.thread_id if message else None, call.message_id)
    return _begin(session, call, look, channel, context)


def _begin(session: Session, call: PhoneCall, look: CallLook, channel: Channel, context: ApplyContext) -> ItemResult:
    contact = _contact(session, look, context)
    found = _find_thread(session, channel, contact.id, context) if contact else None
    thread = lock_thread(session, found) if found else _new_thread(session, channel, contact, look, context)
    message = begin_call_record(session, call, look, thread=thread, contact=contact, our_name=channel.name, now=context.now)
    return ItemResult("threaded" if found else "new", thread.id, message.id)


def _contact(session: Session, look: CallLook, context: ApplyContext) -> Contact | None:
    """Return the contact at the other end of the call, and create the contact if necessary. Return None if the number is
    unknown."""
    if not look.number:
        return None
    return find_or_create_contact(session, [_identity(look.number)], name="", now=context.now)


def _identity(number: str) -> IdentityInput:
    return normalise_identity("phone", number) or IdentityInput("phone", number)


def _find_thread(session: Session, channel: Channel, contact_id: uuid.UUID, context: ApplyContext) -> uuid.UUID | None:
    """Return the id of the contact's newest running thread with the brand. A thread of this channel is preferred. Return None
    if there is none."""
    query = (
        sa.select(Thread.id)
        .where(
            Thread.contact_id == contact_id,
            Thread.brand_id == channel.brand_id,
            Thread.thread_type != ThreadType.INTERNAL_TICKET,
            Thread.spam_at.is_(None),
            is_running(context.now),
        )
        .order_by(Thread.channel_id.is_not_distinct_from(channel.id).desc(), Thread.last_message_at.desc(), Thread.id.desc())
        .limit(1)
    )
    return session.execute(query).scalar_one_or_none()


def _new_thread(session: Session, channel: Channel, contact: Contact | None, look: CallLook, context: ApplyContext) -> Thread:
    new = NewThread(
        brand_id=channel.brand_id, medium=channel.medium.value, channel_id=channel.id, contact_id=contact.id if contact else None
    )
    return lock_thread(session, create_thread(session, new, now=context.now, at=min(look.at, context.now)).id)
