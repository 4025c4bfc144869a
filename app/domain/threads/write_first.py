"""Begin a thread ourselves: find the recipient and create the thread, empty until its first message is sent from the composer."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.domain.accounts.access import Viewer
from app.domain.connections.models import Channel, Medium
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.orders.models import Order
from app.domain.threads.actions import NewThread, assign_thread, create_thread, lock_thread
from app.domain.threads.models import Thread
from app.domain.threads.order_links import AlreadyAbout, link_order
from app.domain.threads.order_mentions import Because
from app.domain.threads.queries import ThreadFilter, ThreadRow, list_threads

SAME_FORM = timedelta(minutes=10)


@dataclass(frozen=True)
class Recipient:
    """A new recipient. `kind` is "email" or "phone"; `value` has the form in which identities store it."""

    kind: str
    value: str
    name: str = ""


def find_or_add_recipient(session: Session, recipient: Recipient, channel: Channel, *, now: datetime) -> Contact:
    """Return the contact with this address or number, and create it if there is none.

    If the channel is WhatsApp, a number also becomes a WhatsApp identity of the contact.
    """
    return _with_identities(session, [IdentityInput(recipient.kind, recipient.value)], channel, name=recipient.name, now=now)


def reach_by(session: Session, contact: Contact, channel: Channel, *, now: datetime) -> None:
    """Add the contact's phone number as a WhatsApp identity if the channel is WhatsApp and the contact has none yet."""
    if channel.medium != Medium.WHATSAPP:
        return
    known = sa.select(ContactIdentity).where(ContactIdentity.contact_id == contact.id, ContactIdentity.former_since.is_(None))
    rows = session.execute(known.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at)).scalars().all()
    phone = next((row.value for row in rows if row.kind == "phone"), None)
    if phone is not None and not any(row.kind == "wa_id" for row in rows):
        _with_identities(session, [IdentityInput("phone", phone)], channel, name="", now=now)


def begin_thread(
    session: Session,
    contact: Contact,
    channel: Channel,
    *,
    subject: str = "",
    order: Order | None = None,
    viewer: Viewer,
    now: datetime,
    takes_it: bool = True,
) -> Thread:
    """Begin a thread, assigned to the writer if `takes_it` is True, otherwise to nobody.

    A repeat within some minutes returns the same thread, if nothing was written in it yet.
    """
    advisory_xact_lock(session, f"write-first:{viewer.user_id}:{contact.id}:{channel.id}")
    thread = _find_empty(session, contact, channel, subject, viewer, now)
    if thread is None:
        new = NewThread(
            brand_id=channel.brand_id,
            medium=channel.medium.value,
            subject=subject,
            channel_id=channel.id,
            contact_id=contact.id,
            created_by_user_id=viewer.user_id,
        )
        thread = create_thread(session, new, now=now, actor=viewer.actor)
        session.flush()
        if takes_it:
            assign_thread(session, thread_id=thread.id, assignee_user_id=viewer.user_id, actor=viewer.actor, now=now)
    if order is not None:
        about(session, thread, order, viewer=viewer, now=now)
    return thread


def about(session: Session, thread: Thread, order: Order, *, viewer: Viewer, now: datetime) -> None:
    """Link the thread with the order from whose page the writer began the thread. Does nothing if they are linked already."""
    with contextlib.suppress(AlreadyAbout):
        link_order(session, order, lock_thread(session, thread.id), because=Because.HAND, now=now, actor=viewer.actor)


def find_running(session: Session, contact: Contact, channel: Channel) -> Thread | None:
    """Return the contact's newest open thread on this channel, None if there is none."""
    same = (Thread.brand_id == channel.brand_id, Thread.contact_id == contact.id, Thread.channel_id == channel.id)
    query = sa.select(Thread).where(*same, Thread.is_open, Thread.spam_at.is_(None))
    return session.execute(query.order_by(Thread.last_message_at.desc(), Thread.id).limit(1)).scalar_one_or_none()


def list_open_threads(session: Session, *, viewer: Viewer, contact: Contact) -> Sequence[ThreadRow]:
    """List the contact's open threads, newest first. The writer may reply in one of them instead of beginning a thread."""
    found = list_threads(session, viewer=viewer, filter=ThreadFilter(view="all", contact_id=contact.id), limit=20).items
    return [row for row in found if row.thread.is_open and row.thread.spam_at is None and not row.thread.is_ticket]


def _find_empty(
    session: Session, contact: Contact, channel: Channel, subject: str, viewer: Viewer, now: datetime
) -> Thread | None:
    same = sa.select(Thread).where(
        Thread.brand_id == channel.brand_id,
        Thread.contact_id == contact.id,
        Thread.channel_id == channel.id,
        Thread.created_by_user_id == viewer.user_id,
        Thread.message_count == 0,
        Thread.subject == subject,
        Thread.created_at > now - SAME_FORM,
    )
    return session.execute(same.limit(1)).scalar_one_or_none()


def _with_identities(session: Session, identities: list[IdentityInput], channel: Channel, *, name: str, now: datetime) -> Contact:
    if channel.medium == Medium.WHATSAPP and identities[0].kind == "phone":
        identities = [*identities, IdentityInput("wa_id", identities[0].value.removeprefix("+"))]
    for key in sorted(identity_lock_key(identity) for identity in identities):
        advisory_xact_lock(session, key)
    return find_or_create_contact(session, identities, name=name, now=now)
