"""People and things with names, for tests. Each function adds one row, flushed, and returns it.

Alice is the agent, Bob her teammate, Mallory works for another brand and may not see Alice's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_id
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, BrandMember, Role, User
from app.domain.connections.actions import NewChannel, create_channel
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.actions import IdentityInput, find_or_create_contact
from app.domain.contacts.models import Contact
from app.domain.threads.actions import NewMessage, NewThread, add_message, create_thread, lock_thread
from app.domain.threads.models import Message, MessageType, Thread

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def make_brand(session: Session, key: str = "chargecars", name: str | None = None) -> Brand:
    brand = Brand(id=new_id(), key=key, name=name or key.title(), hue=0, email_signature="")
    session.add(brand)
    session.flush()
    return brand


def make_user(
    session: Session,
    name: str = "Alice",
    *,
    role: Role = Role.AGENT,
    brands: tuple[Brand, ...] = (),
    password_hash: str | None = None,
) -> User:
    contact = Contact(id=new_id(), name=name, name_source="user", created_at=NOW, updated_at=NOW)
    session.add(contact)
    session.flush()
    email = f"{name.lower().replace(' ', '.')}@switchyard.example"
    user = User(
        id=new_id(), contact_id=contact.id, email=email, name=name, role=role, password_hash=password_hash, created_at=NOW
    )
    user.undo_send_seconds = 0  # tests of undo switch it on
    session.add(user)
    session.flush()
    session.add_all(BrandMember(brand_id=brand.id, user_id=user.id) for brand in brands)
    session.flush()
    return user


def make_viewer(session: Session, name: str = "Alice", *, role: Role = Role.AGENT, brands: tuple[Brand, ...] = ()) -> Viewer:
    return viewer_of(session, make_user(session, name, role=role, brands=brands))


def make_channel(
    session: Session,
    brand: Brand,
    channel_type: ChannelType = ChannelType.WHATSAPP_BUSINESS,
    *,
    keyring: Keyring,
    address: str = "1066000000001",
    name: str | None = None,
    secrets: dict[str, str] | None = None,
    settings: dict[str, Any] | None = None,
) -> Channel:
    new = NewChannel(
        channel_type=channel_type,
        name=name or f"{channel_type.value} {address}",
        brand_id=brand.id,
        address=address,
        settings=settings or {},
        secrets=secrets or {},
    )
    return create_channel(session, new, keyring=keyring, now=NOW)


def make_contact(session: Session, name: str = "Pieter van Dam", *, kind: str = "wa_id", value: str = "31612345678") -> Contact:
    return find_or_create_contact(session, [IdentityInput(kind, value)], name=name, now=NOW)


def make_thread(session: Session, channel: Channel, contact: Contact, *, subject: str = "", at: datetime = NOW) -> Thread:
    new = NewThread(
        brand_id=channel.brand_id, medium=channel.medium.value, subject=subject, channel_id=channel.id, contact_id=contact.id
    )
    return lock_thread(session, create_thread(session, new, now=at, at=at).id)


def make_message(
    session: Session,
    thread: Thread,
    text: str = "Hallo",
    *,
    at: datetime = NOW,
    message_type: MessageType = MessageType.INCOMING,
    **values: Any,
) -> Message:
    incoming = message_type == MessageType.INCOMING
    new = NewMessage(
        message_type=message_type,
        medium=thread.medium,
        occurred_at=at,
        text=text,
        channel_id=thread.channel_id,
        opens_window=incoming,
        values={"sender_contact_id": thread.contact_id if incoming else None, **values},
    )
    return add_message(session, thread, new, now=at)
