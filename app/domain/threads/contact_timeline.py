"""Read a contact's messages over all threads, newest first, in pages."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.paging import Page, cut_page, read_cursor
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.threads.models import Message, Thread

THREADS = 500  # a timeline is made of so many of the newest threads
PAGE_ITEMS = 30


@dataclass(frozen=True)
class ContactItem:
    """One message with the thread it is in. `author_name` is the colleague who wrote it, or "" for a message from outside."""

    message: Message
    thread: Thread
    author_name: str
    brand_name: str


def list_contact_timeline(
    session: Session, *, viewer: Viewer, contact_id: uuid.UUID, before: str | None = None, limit: int = PAGE_ITEMS
) -> Page[ContactItem]:
    """List a page of messages, newest first. One query: a short scan of `ix_messages_timeline` per thread. Raises BadCursor."""
    threads = (
        sa.select(Thread.id)
        .where(Thread.contact_id == contact_id, Thread.brand_id.in_(viewer.brand_ids))
        .order_by(Thread.last_message_at.desc())
        .limit(THREADS)
        .subquery("of_contact")
    )
    scan = sa.select(Message.id, Message.occurred_at).where(Message.thread_id == threads.c.id)
    if before is not None:
        at, row_id = read_cursor(before)
        edge = sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid))
        scan = scan.where(sa.tuple_(Message.occurred_at, Message.id) < edge)
    each = scan.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(limit + 1).lateral("scan")
    merged = sa.select(each.c.id).select_from(sa.join(threads, each, sa.true()))
    found = merged.order_by(each.c.occurred_at.desc(), each.c.id.desc()).limit(limit + 1).subquery("found")
    query = (
        sa.select(Message, Thread, User.name.label("author_name"), Brand.name.label("brand_name"))
        .join(found, found.c.id == Message.id)
        .join(Thread, Thread.id == Message.thread_id)
        .join(Brand, Brand.id == Thread.brand_id)
        .outerjoin(User, User.id == Message.sender_user_id)
        .order_by(Message.occurred_at.desc(), Message.id.desc())
    )
    items = [_item(row) for row in session.execute(query)]
    return cut_page(items, limit, lambda item: (item.message.occurred_at, item.message.id))


def _item(row: sa.Row[*tuple[Any, ...]]) -> ContactItem:
    return ContactItem(row.Message, row.Thread, row.author_name or "", row.brand_name)


def brands_of_contacts(session: Session, contact_ids: tuple[uuid.UUID, ...]) -> set[uuid.UUID]:
    """Return the ids of brands in which any of these contacts has a thread, whether a viewer sees it or not."""
    named = sa.or_(Thread.contact_id.in_(contact_ids), Thread.partner_contact_id.in_(contact_ids))
    return set(session.execute(sa.select(Thread.brand_id).where(named).distinct()).scalars())


def last_heard_of(session: Session, *, viewer: Viewer, contact_ids: tuple[uuid.UUID, ...]) -> dict[uuid.UUID, Any]:
    """Return the time of the newest message in threads the viewer sees, as a dict by contact id (None if there is no such
    thread).

    One query, a short scan per contact.
    """
    newest = (
        sa.select(Thread.last_message_at)
        .where(Thread.contact_id == Contact.id, Thread.brand_id.in_(viewer.brand_ids))
        .order_by(Thread.last_message_at.desc())
        .limit(1)
    )
    query = sa.select(Contact.id, newest.correlate(Contact).scalar_subquery().label("at")).where(Contact.id.in_(contact_ids))
    return {row.id: row.at for row in session.execute(query)} if contact_ids else {}
