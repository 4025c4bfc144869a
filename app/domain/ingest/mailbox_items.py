"""Track the mails of a mailbox (its items), and show on messages where their mail is at the provider.

The poller writes items and their events in one transaction, without locking threads. The handler of `MailboxItemsChanged`
changes the messages afterwards. If a mail is processed later than that, its message is changed when its item is linked to
it.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.base import PolledItem, RemovedItem
from app.core.text import storable
from app.domain.events.actions import Subject, record
from app.domain.ingest.mailbox_models import DELETED, HELD, MISSING, MOVED, MailboxItem
from app.domain.threads.changes import apply_change
from app.domain.threads.models import Message


def hold_items(
    session: Session, channel_id: uuid.UUID, items: Sequence[tuple[PolledItem, uuid.UUID | None]], *, now: datetime
) -> list[str]:
    """Store that these items are in their folders and are stored here.

    Each item comes with the id of its inbound event, None for a repeat. Return the ids of the items that had left their
    folder and are back.
    """
    if not items:
        return []
    wanted = {item.key: _values(channel_id, item, event_id, now) for item, event_id in items}
    there = sa.select(MailboxItem.item_id).where(
        MailboxItem.channel_id == channel_id, MailboxItem.item_id.in_(wanted), MailboxItem.gone.is_not(None)
    )
    back = list(session.execute(there.order_by(MailboxItem.item_id)).scalars())
    statement = postgresql.insert(MailboxItem).values([wanted[key] for key in sorted(wanted)])
    new = statement.excluded
    values = {
        "folder": new.folder,
        "state": HELD,
        "received_at": sa.func.coalesce(new.received_at, MailboxItem.received_at),
        "inbound_event_id": sa.func.coalesce(new.inbound_event_id, MailboxItem.inbound_event_id),
        "gone": None,
        "gone_to": "",
        "changed_at": sa.case((MailboxItem.gone.is_not(None), now), else_=MailboxItem.changed_at),
    }
    session.execute(statement.on_conflict_do_update(index_elements=["channel_id", "item_id"], set_=values))
    return back


def note_removed(session: Session, channel_id: uuid.UUID, removed: Sequence[RemovedItem], *, now: datetime) -> list[str]:
    """Store which items left their folder or were deleted. Return the ids of the items whose state changed.

    A provider reports each folder separately. A mail may therefore be reported as removed from one folder after it was seen
    in another; such a report changes nothing.
    """
    left = []
    for one in sorted(removed, key=lambda item: item.key):
        there = sa.and_(
            MailboxItem.channel_id == channel_id,
            MailboxItem.item_id == one.key,
            MailboxItem.folder == one.folder,
            MailboxItem.gone.is_distinct_from(DELETED if one.is_deleted else MOVED),
        )
        values = {"gone": DELETED if one.is_deleted else MOVED, "gone_to": storable(one.to)[:200], "changed_at": now}
        if session.execute(sa.update(MailboxItem).where(there).values(**values).returning(MailboxItem.item_id)).first():
            left.append(one.key)
    return left


def tell_changed(session: Session, channel_id: uuid.UUID, brand_id: uuid.UUID, item_ids: Sequence[str], *, now: datetime) -> None:
    """Record `MailboxItemsChanged`, so that the messages of these items show where their mail is. No event for an empty list."""
    if item_ids:
        payload = {"channel_id": str(channel_id), "item_ids": list(item_ids)}
        record(session, "MailboxItemsChanged", subject=Subject(brand_id=brand_id), now=now, payload=payload)


def link_message(session: Session, event_id: uuid.UUID, message_id: uuid.UUID, *, now: datetime) -> None:
    """Link the mailbox item of an inbound event to its message. If the mail has left its folder meanwhile, show this on the
    message."""
    statement = (
        sa.update(MailboxItem)
        .where(MailboxItem.inbound_event_id == event_id)
        .values(message_id=message_id)
        .returning(MailboxItem)
        .execution_options(populate_existing=True)
    )
    for item in session.execute(statement).scalars().all():
        if item.gone is not None:
            _show(session, item, now)


def show_changed(session: Session, channel_id: uuid.UUID, item_ids: Sequence[str], *, now: datetime) -> None:
    """Store on the messages of these items where their mail is now. An item without a stored message is skipped; `link_message`
    handles it later."""
    query = sa.select(MailboxItem).where(MailboxItem.channel_id == channel_id, MailboxItem.item_id.in_(item_ids))
    for item in session.execute(query.order_by(MailboxItem.message_id)).scalars().all():
        if item.message_id is not None:
            _show(session, item, now)


def _show(session: Session, item: MailboxItem, now: datetime) -> None:
    """Write on the message whether its mail was deleted or moved in the mailbox, so that the thread shows it.

    Only for a message that came by this mailbox: a mail to two of our mailboxes is one message.
    """
    mine = sa.select(Message.id).where(Message.id == item.message_id, Message.channel_id == item.channel_id)
    message_id = session.execute(mine).scalar_one_or_none()
    if message_id is not None:
        change = {"kind": "place", "text": item.gone or "", "by": item.gone_to, "at": item.changed_at.isoformat()}
        apply_change(session, message_id, change, now=now)


def _values(channel_id: uuid.UUID, item: PolledItem, event_id: uuid.UUID | None, now: datetime) -> dict[str, Any]:
    return {
        "channel_id": channel_id,
        "item_id": item.key,
        "folder": str(item.meta.get("folder") or ""),
        "state": HELD,
        "received_at": item.meta.get("received_at"),
        "inbound_event_id": event_id,
        "changed_at": now,
    }


def leave_folders(session: Session, channel_id: uuid.UUID, folders: Mapping[str, str], *, now: datetime) -> None:
    """Stop following these folders ({folder id: name}). Their items count as moved, and items that are missing here are no
    longer fetched."""
    for folder, name in folders.items():
        inside = sa.and_(MailboxItem.channel_id == channel_id, MailboxItem.folder == folder, MailboxItem.gone.is_(None))
        session.execute(sa.delete(MailboxItem).where(inside, MailboxItem.state == MISSING))
        session.execute(sa.update(MailboxItem).where(inside).values(gone=MOVED, gone_to=name, changed_at=now))
