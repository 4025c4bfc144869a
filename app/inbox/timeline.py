"""Read one thread as people see it: its timeline, and what stands beside it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.access import Viewer
from app.accounts.models import BrandMember, Role, User
from app.connections.models import Channel
from app.contacts.models import Contact, ContactIdentity
from app.core.paging import make_cursor, read_cursor
from app.events.models import Event
from app.inbox.models import Attachment, Draft, Message, Thread
from app.inbox.queries import ThreadFilter, ThreadRow, list_threads

SHOWN_EVENTS = ("ThreadAssigned", "ThreadStatusChanged", "ThreadPriorityChanged", "ThreadsMerged")
OTHER_THREADS = 6


@dataclass(frozen=True)
class TimelineItem:
    """A message (or note) with its files, or a quiet event line."""

    kind: str  # "message" | "event"
    at: datetime
    author_name: str
    message: Message | None = None
    attachments: tuple[Attachment, ...] = ()
    event: Event | None = None


@dataclass(frozen=True)
class Timeline:
    """Oldest first. `older_cursor` leads further back; the newest item is what a reply says it has seen."""

    items: tuple[TimelineItem, ...]
    older_cursor: str | None
    newest_message_id: uuid.UUID | None
    newest_seq: int


@dataclass(frozen=True)
class ThreadContext:
    """What stands beside a thread."""

    contact: Contact | None
    identities: tuple[ContactIdentity, ...]
    other_threads: tuple[ThreadRow, ...]
    channels: tuple[Channel, ...]  # of the thread's brand, active, able to carry a reply
    draft_reply: Draft | None
    draft_note: Draft | None
    assignable_users: tuple[tuple[uuid.UUID, str], ...]


def list_timeline(session: Session, *, viewer: Viewer, thread: Thread, before: str | None = None, limit: int = 60) -> Timeline:
    """The newest `limit` messages before the cursor, their files, and the events between them. Four queries. Raises BadCursor.

    `thread` was read through `get_thread`, so the viewer may see it.
    """
    messages = _messages(session, thread, before, limit + 1)
    older = len(messages) > limit
    messages = messages[:limit]
    oldest_at = messages[-1].occurred_at if older else None
    newest_at = read_cursor(before)[0] if before else None
    files = _files(session, [m.id for m in messages])
    events = _events(session, thread, after=oldest_at, until=newest_at)
    names = _user_names(session, {m.sender_user_id for m in messages} | {e.actor_user_id for e in events})
    items = [_message_item(m, files, names) for m in messages] + [_event_item(e, names) for e in events]
    newest = _newest(session, thread) if before else (messages[0] if messages else None)
    return Timeline(
        items=tuple(sorted(items, key=lambda item: item.at)),
        older_cursor=make_cursor(messages[-1].occurred_at, messages[-1].id) if older else None,
        newest_message_id=_latest_arrival(session, thread, messages, newest),
        newest_seq=thread.message_count,
    )


def _messages(session: Session, thread: Thread, before: str | None, limit: int) -> list[Message]:
    query = sa.select(Message).where(Message.thread_id == thread.id)
    if before is not None:
        at, row_id = read_cursor(before)
        query = query.where(
            sa.tuple_(Message.occurred_at, Message.id)
            < sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid))
        )
    return list(session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(limit)).scalars())


def _newest(session: Session, thread: Thread) -> Message | None:
    query = sa.select(Message).where(Message.thread_id == thread.id).order_by(Message.seq.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def _latest_arrival(session: Session, thread: Thread, messages: list[Message], newest: Message | None) -> uuid.UUID | None:
    """The item with the highest `seq`; a late, older-dated message is newer in arrival than what stands last."""
    here = max(messages, key=lambda m: m.seq, default=None)
    if here is not None and here.seq == thread.message_count:
        return here.id
    latest = newest if newest is not None and newest.seq == thread.message_count else _newest(session, thread)
    return latest.id if latest else None


def _files(session: Session, message_ids: list[uuid.UUID]) -> dict[uuid.UUID, list[Attachment]]:
    files: dict[uuid.UUID, list[Attachment]] = defaultdict(list)
    if message_ids:
        query = sa.select(Attachment).where(Attachment.message_id.in_(message_ids)).order_by(Attachment.position)
        for attachment in session.execute(query).scalars():
            if attachment.message_id is not None:
                files[attachment.message_id].append(attachment)
    return files


def _events(session: Session, thread: Thread, *, after: datetime | None, until: datetime | None) -> list[Event]:
    query = sa.select(Event).where(Event.thread_id == thread.id, Event.type.in_(SHOWN_EVENTS))
    if after is not None:
        query = query.where(Event.occurred_at >= after)
    if until is not None:
        query = query.where(Event.occurred_at < until)
    return list(session.execute(query.order_by(Event.occurred_at.desc()).limit(200)).scalars())


def _user_names(session: Session, user_ids: set[uuid.UUID | None]) -> dict[uuid.UUID | None, str]:
    wanted = [user_id for user_id in user_ids if user_id is not None]
    if not wanted:
        return {}
    return {row.id: row.name for row in session.execute(sa.select(User.id, User.name).where(User.id.in_(wanted)))}


def _message_item(message: Message, files: dict[uuid.UUID, list[Attachment]], names: dict[uuid.UUID | None, str]) -> TimelineItem:
    author = names.get(message.sender_user_id) or message.sender.get("name") or message.sender.get("address") or ""
    return TimelineItem("message", message.occurred_at, author, message=message, attachments=tuple(files.get(message.id, ())))


def _event_item(event: Event, names: dict[uuid.UUID | None, str]) -> TimelineItem:
    return TimelineItem("event", event.occurred_at, names.get(event.actor_user_id, ""), event=event)


def get_context(session: Session, *, viewer: Viewer, thread: Thread, sendable_types: frozenset[str]) -> ThreadContext:
    """Contact, reach, other threads, channels for a reply, drafts, assignable people. Five queries."""
    contact = session.get(Contact, thread.contact_id) if thread.contact_id else None
    others = (
        list_threads(session, viewer=viewer, filter=ThreadFilter(view="all", contact_id=contact.id), limit=OTHER_THREADS).items
        if contact
        else ()
    )
    drafts = {
        d.kind: d
        for d in session.execute(sa.select(Draft).where(Draft.user_id == viewer.user_id, Draft.thread_id == thread.id)).scalars()
    }
    return ThreadContext(
        contact=contact,
        identities=_identities(session, contact),
        other_threads=tuple(row for row in others if row.thread.id != thread.id),
        channels=_channels(session, thread, sendable_types),
        draft_reply=drafts.get("reply"),
        draft_note=drafts.get("note"),
        assignable_users=list_assignable_users(session, thread.brand_id),
    )


def _identities(session: Session, contact: Contact | None) -> tuple[ContactIdentity, ...]:
    if contact is None:
        return ()
    query = (
        sa.select(ContactIdentity)
        .where(ContactIdentity.contact_id == contact.id)
        .order_by(ContactIdentity.kind, ContactIdentity.created_at)
    )
    return tuple(session.execute(query).scalars())


def _channels(session: Session, thread: Thread, sendable_types: frozenset[str]) -> tuple[Channel, ...]:
    query = sa.select(Channel).where(
        Channel.brand_id == thread.brand_id, Channel.is_active, Channel.channel_type.in_(sendable_types)
    )
    channels = session.execute(query.order_by(Channel.name)).scalars().all()
    return tuple(sorted(channels, key=lambda c: (c.id != thread.channel_id, c.medium.value != thread.medium, c.name)))


def list_assignable_users(session: Session, brand_id: uuid.UUID) -> tuple[tuple[uuid.UUID, str], ...]:
    """Active users who may see the brand, by name."""
    member = sa.exists(sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == brand_id))
    query = (
        sa.select(User.id, User.name)
        .where(User.disabled_at.is_(None), sa.or_(User.role == Role.ADMIN, member))
        .order_by(User.name)
    )
    return tuple((row.id, row.name) for row in session.execute(query))
