"""Write data that came by an integration into a thread, as an incoming message of the contact."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import InboundAttachment
from app.core.runtime import runtime
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.actions import record
from app.domain.ingest.attachments import announce_attachments
from app.domain.integrations.models import Integration
from app.domain.threads.actions import (
    NewMessage,
    NewThread,
    add_message,
    create_thread,
    lock_thread,
    reopen_for_incoming,
    subject_of,
)
from app.domain.threads.models import MessageType, Thread

_REACHED_BY = {Medium.EMAIL: {"email"}, Medium.WHATSAPP: {"wa_id", "phone"}, Medium.SMS: {"phone"}}


@dataclass(frozen=True)
class Said:
    """The content of a contact's message that came through an integration. `external_id` is unique. `files` are downloaded
    later."""

    external_id: str
    subject: str
    text: str
    at: datetime
    event_id: uuid.UUID | None
    meta: dict[str, Any]
    files: tuple[InboundAttachment, ...] = ()


def begin_thread(session: Session, integration: Integration, contact: Contact, said: Said, *, now: datetime) -> Thread:
    """Create a thread with the contact's message. Replies are sent through the integration's channel, if it has one."""
    channel = session.get(Channel, integration.channel_id) if integration.channel_id else None
    return _begin(session, integration.brand_id, channel, contact, said, now)


def begin_thread_of_program(session: Session, brand_id: uuid.UUID, contact: Contact, said: Said, *, now: datetime) -> Thread:
    """Create a thread with a contact's message that a program sent through the API. Replies are sent through a channel of the
    brand that can reach the contact."""
    return _begin(session, brand_id, _find_reaching(session, brand_id, contact), contact, said, now)


def _find_reaching(session: Session, brand_id: uuid.UUID, contact: Contact) -> Channel | None:
    """Return a channel of the brand that can reach the contact. Mail is preferred to WhatsApp, and WhatsApp to SMS; within a
    medium, the first by name is taken.

    Return None if no channel can reach the contact.
    """
    ways = sa.select(ContactIdentity.kind).where(ContactIdentity.contact_id == contact.id, ContactIdentity.former_since.is_(None))
    kinds = set(session.execute(ways).scalars())
    sends = (Channel.brand_id == brand_id, Channel.is_active, Channel.adapter_key.in_(sorted(runtime().adapters.senders)))
    channels = session.execute(sa.select(Channel).where(*sends).order_by(Channel.name, Channel.id)).scalars().all()
    for medium, reaching in _REACHED_BY.items():
        found = next((channel for channel in channels if channel.medium == medium), None)
        if found is not None and kinds & reaching:
            return found
    return None


def _begin(session: Session, brand_id: uuid.UUID, channel: Channel | None, contact: Contact, said: Said, now: datetime) -> Thread:
    new = NewThread(
        brand_id=brand_id,
        medium=channel.medium.value if channel else "internal",
        subject=said.subject,
        channel_id=channel.id if channel else None,
        contact_id=contact.id,
    )
    thread = lock_thread(session, create_thread(session, new, now=now, at=min(said.at, now)).id)
    say(session, thread, contact, said, now=now)
    return thread


def say(session: Session, thread: Thread, contact: Contact, said: Said, *, now: datetime) -> None:
    """Add the contact's message to a locked thread."""
    new = NewMessage(
        message_type=MessageType.INCOMING,
        medium=thread.medium,
        occurred_at=min(said.at, now),
        text=said.text,
        subject=said.subject,
        channel_id=thread.channel_id,
        values={
            "sender_contact_id": contact.id,
            "sender": {"name": contact.name, "address": ""},
            "external_id": said.external_id,
            "content_hash": hashlib.sha256(said.text.encode()).hexdigest(),
            **({"inbound_event_id": said.event_id} if said.event_id else {}),
            "meta": said.meta,
        },
    )
    message = add_message(session, thread, new, now=now)
    announce_attachments(session, said.files, message=message, now=now)
    reopen_for_incoming(session, thread, now=now)
    record(session, "MessageReceived", subject=subject_of(thread, message), now=now)
    if said.files:
        record(session, "AttachmentsAnnounced", subject=subject_of(thread, message), now=now)
