"""Put what came in from outside into a conversation, as something its sender said."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.contract.base import InboundAttachment
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
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


@dataclass(frozen=True)
class Said:
    """What a contact told us by way of an integration. `external_id` is unique for it; `files` are fetched afterwards."""

    external_id: str
    subject: str
    text: str
    at: datetime
    event_id: uuid.UUID
    meta: dict[str, Any]
    files: tuple[InboundAttachment, ...] = ()


def begin_thread(session: Session, integration: Integration, contact: Contact, said: Said, *, now: datetime) -> Thread:
    """A new conversation with it; answers go over the integration's channel, where it has one."""
    channel = session.get(Channel, integration.channel_id) if integration.channel_id else None
    new = NewThread(
        brand_id=integration.brand_id,
        medium=channel.medium.value if channel else "internal",
        subject=said.subject,
        channel_id=channel.id if channel else None,
        contact_id=contact.id,
    )
    thread = lock_thread(session, create_thread(session, new, now=now, at=min(said.at, now)).id)
    say(session, thread, contact, said, now=now)
    return thread


def say(session: Session, thread: Thread, contact: Contact, said: Said, *, now: datetime) -> None:
    """Append it to a locked conversation."""
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
            "inbound_event_id": said.event_id,
            "meta": said.meta,
        },
    )
    message = add_message(session, thread, new, now=now)
    announce_attachments(session, said.files, message=message, now=now)
    reopen_for_incoming(session, thread, now=now)
    record(session, "MessageReceived", subject=subject_of(thread, message), now=now)
    if said.files:
        record(session, "AttachmentsAnnounced", subject=subject_of(thread, message), now=now)
