"""Read one thread's timeline, and the contact, channels and drafts shown beside it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.core.paging import make_cursor, read_cursor
from app.core.prepared import KEPT, as_written
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import Event
from app.domain.threads.grouping import follows_on, is_picture
from app.domain.threads.models import Attachment, Draft, Message, Thread
from app.domain.threads.people_models import ThreadWatcher
from app.domain.threads.queries import THREAD_ID, ThreadFilter, ThreadHead, ThreadRow, list_threads
from app.domain.threads.ticket_links import LINKS, LinkedThread, read_links

SHOWN_EVENTS = (
    "ThreadAssigned",
    "ThreadStatusChanged",
    "ThreadPriorityChanged",
    "ThreadTypeChanged",
    "CustomerChanged",
    "PartnerChanged",
    "ThreadTagged",
    "ThreadSnoozed",
    "SnoozeEnded",
    "ThreadMarkedSpam",
    "SpamEnded",
    "SenderBlocked",
    "BlockLifted",
    "ContactOptedOut",
    "ContactOptedIn",
    "MacroRun",
    "MacroUndone",
    "ThreadsMerged",
    "MergeUndone",
    "ThreadSplit",
    "ThreadSplitOff",
    "SplitUndone",
    "TicketOpened",
    "ThreadHandedOver",
    "WaitBegan",
    "WaitEnded",
    "OutsideCallAsked",
    "OrderLinked",
    "OrderUnlinked",
    "OrderStatusChanged",
    "PaymentReceived",
    "SurveyAnswered",
    "AppointmentPlanned",
    "AppointmentMoved",
    "AppointmentCancelled",
    "AppointmentPlannedAgain",
    "AppointmentOnTheWay",
    "AppointmentArrived",
    "AppointmentStarted",
    "AppointmentDone",
    "AppointmentNotHome",
    "AppointmentAborted",
)
TASK_EVENTS = ("TaskCreated", "TaskCompleted", "TaskReopened", "TaskMoved")  # of tasks that say why they are there
OTHER_THREADS = 6
PAGE_ITEMS = 20
MOST_EVENTS = 200


@dataclass(frozen=True)
class Quoted:
    """A message that another message quotes. `is_here` is True if it is among the timeline items on the same page."""

    message: Message
    author_name: str
    is_here: bool


@dataclass(frozen=True)
class TimelineItem:
    """A message or note with its files, or an event shown as a line."""

    kind: str  # "message" | "event"
    at: datetime
    author_name: str
    message: Message | None = None
    attachments: tuple[Attachment, ...] = ()
    event: Event | None = None
    joins: bool = False  # it goes on where the message before it ended, see app/domain/threads/grouping.py
    is_picture: bool = False
    quoted: Quoted | None = None


@dataclass(frozen=True)
class Timeline:
    """A page of a timeline, oldest first. `older_cursor` leads to older items. A reply sends `newest_message_id` to say up to
    which message its writer has seen the thread."""

    items: tuple[TimelineItem, ...]
    older_cursor: str | None
    newest_message_id: uuid.UUID | None
    newest_seq: int
    earlier_subject: str = ""  # of the mail just before these items, where that was read along


@dataclass(frozen=True)
class ThreadContext:
    """What is shown beside a thread: contact, other threads, channels, drafts and people."""

    contact: Contact | None
    identities: tuple[ContactIdentity, ...]
    other_threads: tuple[ThreadRow, ...]
    channels: tuple[Channel, ...]  # of the thread's brand, active, able to carry a reply
    draft_reply: Draft | None
    draft_note: Draft | None
    draft_call: Draft | None
    draft_forward: Draft | None
    assignable_users: tuple[tuple[uuid.UUID, str], ...]
    watchers: tuple[tuple[uuid.UUID, str], ...] = ()
    only_assignee_answers: bool = False
    links: tuple[LinkedThread, ...] = ()
    more: Any = None  # the value of the column the page asked for besides


# Statements are written once, with parameters for what differs: to write one takes longer than to run it.
BRAND_ID = sa.bindparam("brand_id", type_=sa.Uuid)
_EVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_EVENTS = (
    sa.select(Event, User.name.label("actor_name"))
    .outerjoin(User, User.id == Event.actor_user_id)
    .where(
        Event.thread_id == THREAD_ID,
        sa.or_(Event.type.in_(SHOWN_EVENTS), sa.and_(Event.type.in_(TASK_EVENTS), Event.payload["because"].astext.is_not(None))),
        Event.occurred_at >= sa.bindparam("after", type_=sa.DateTime(timezone=True)),
        Event.occurred_at < sa.bindparam("until", type_=sa.DateTime(timezone=True)),
    )
    .order_by(Event.occurred_at.desc())
    .limit(as_written(MOST_EVENTS))
    .execution_options(**KEPT)
)
_CHANNELS = (
    sa.select(Channel)
    .where(
        Channel.brand_id == BRAND_ID,
        Channel.is_active,
        Channel.adapter_key == sa.any_(sa.bindparam("senders", type_=sa.ARRAY(sa.Text))),
    )
    .order_by(Channel.name)
    .execution_options(**KEPT)
)
_MEMBER = sa.exists(sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == BRAND_ID))
_ANSWERS = users_with(Permission.THREADS_REPLY)
_PEOPLE: sa.Select[*tuple[Any, ...]] = (
    sa.select(User.id, User.name)
    .select_from(User)
    .where(User.disabled_at.is_(None), sa.or_(users_with(Permission.BRANDS_ALL), _MEMBER))
    .order_by(User.name)
    .execution_options(**KEPT)
)
_ASSIGNABLE = _PEOPLE.where(_ANSWERS)


def list_timeline(
    session: Session, *, viewer: Viewer, thread: Thread, before: str | None = None, limit: int = PAGE_ITEMS
) -> Timeline:
    """Return the newest `limit` messages before the cursor `before`, with their files and the events between them. Raises
    BadCursor.

    Two to four queries. The caller has read `thread` through `get_thread`, so the viewer may see it.
    """
    found = _messages(session, thread, before, limit + 1)
    older, before_these, found = len(found) > limit, found[limit].Message if len(found) > limit else None, found[:limit]
    messages = [record.Message for record in found]
    oldest_at = messages[-1].occurred_at if older else None
    newest_at = read_cursor(before)[0] if before else None
    events = _events(session, thread, after=oldest_at, until=newest_at)
    # Read newest first; sorting by time alone then keeps the order of what bears the same second.
    before_each = [*messages[1:], before_these]
    both = zip(found, before_each, strict=True) if found else ()
    quoted = _quoted(session, found)
    items = [_message_item(record, earlier, quoted) for record, earlier in reversed([*both])] + [
        _event_item(record) for record in events
    ]
    newest = _newest(session, thread) if before else (messages[0] if messages else None)
    return Timeline(
        items=tuple(sorted(items, key=lambda item: item.at)),
        older_cursor=make_cursor(messages[-1].occurred_at, messages[-1].id) if older else None,
        newest_message_id=_latest_arrival(session, thread, messages, newest),
        newest_seq=thread.message_count,
        earlier_subject=before_these.subject if before_these is not None and before_these.medium == "email" else "",
    )


def _messages(session: Session, thread: Thread, before: str | None, limit: int) -> list[sa.Row[Any]]:
    """Read messages, newest first. Each row has a message, its author's name and its files."""
    values: dict[str, Any] = {"thread_id": thread.id}
    if before is not None:
        values["before_at"], values["before_id"] = read_cursor(before)
    return list(session.execute(_messages_statement(limit, from_the_end=before is None), values))


@lru_cache(maxsize=16)
def _messages_statement(limit: int, *, from_the_end: bool) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(Message, User.name.label("author_name"), _FILES.label("files"))
    query = query.outerjoin(User, User.id == Message.sender_user_id).where(Message.thread_id == THREAD_ID)
    if not from_the_end:
        edge = sa.tuple_(sa.bindparam("before_at", type_=sa.DateTime(timezone=True)), sa.bindparam("before_id", type_=sa.Uuid))
        query = query.where(sa.tuple_(Message.occurred_at, Message.id) < edge)
    query = query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(as_written(limit))
    return query.execution_options(**KEPT)


_FILE_FIELDS = ("id", "filename", "content_type", "size_bytes", "state", "error", "content_id", "is_inline", "position")


def _pair(name: str) -> tuple[Any, Any]:
    return sa.literal_column(f"'{name}'"), getattr(Attachment, name)


_FILE_PAIRS = [part for name in _FILE_FIELDS for part in _pair(name)]
_FILES = (
    sa.select(sa.func.json_agg(aggregate_order_by(sa.func.json_build_object(*_FILE_PAIRS), Attachment.position)))
    .where(Attachment.message_id == Message.id)
    .correlate(Message)
    .scalar_subquery()
)


def _newest(session: Session, thread: Thread) -> Message | None:
    query = sa.select(Message).where(Message.thread_id == thread.id).order_by(Message.seq.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def _latest_arrival(session: Session, thread: Thread, messages: list[Message], newest: Message | None) -> uuid.UUID | None:
    """Return the id of the message with the highest `seq`, or None. This need not be the last in the timeline: a late message
    may have an older date."""
    here = max(messages, key=lambda m: m.seq, default=None)
    if here is not None and here.seq == thread.message_count:
        return here.id
    latest = newest if newest is not None and newest.seq == thread.message_count else _newest(session, thread)
    return latest.id if latest else None


def _events(session: Session, thread: Thread, *, after: datetime | None, until: datetime | None) -> list[sa.Row[Any]]:
    values = {"thread_id": thread.id, "after": after or _EVER[0], "until": until or _EVER[1]}
    return list(session.execute(_EVENTS, values))


def _author(message: Message, user_name: str | None) -> str:
    return user_name or message.sender.get("name") or message.sender.get("address") or ""


def _quoted(session: Session, records: list[sa.Row[Any]]) -> dict[uuid.UUID, Quoted]:
    """Return a dict from message id to the message that a chat message quotes. Messages among `records` are not queried again.
    Mails are left out, as they contain their quotes."""
    here = {record.Message.id: Quoted(record.Message, _author(record.Message, record.author_name), True) for record in records}
    named = {record.Message.reply_to_message_id for record in records if record.Message.medium != "email"} - {None}
    if not named - here.keys():
        return here if named else {}
    query = sa.select(Message, User.name.label("author_name")).outerjoin(User, User.id == Message.sender_user_id)
    brands = {record.Message.brand_id for record in records}
    found = session.execute(query.where(Message.id.in_(named - here.keys()), Message.brand_id.in_(brands)))
    return here | {row.Message.id: Quoted(row.Message, _author(row.Message, row.author_name), False) for row in found}


def _message_item(record: sa.Row[Any], earlier: Message | None, quoted: dict[uuid.UUID, Quoted]) -> TimelineItem:
    message: Message = record.Message
    author = _author(message, record.author_name)
    files = tuple(_file(message, fields) for fields in record.files or ())
    joins, picture = follows_on(message, earlier), is_picture(message, files)
    return TimelineItem(
        "message",
        message.occurred_at,
        author,
        message=message,
        attachments=files,
        joins=joins and message.reply_to_message_id is None,
        is_picture=picture,
        quoted=quoted.get(message.reply_to_message_id) if message.reply_to_message_id and message.medium != "email" else None,
    )


def _file(message: Message, fields: dict[str, Any]) -> Attachment:
    """Return a detached Attachment from `fields`; changes to it are not stored."""
    return Attachment(**{**fields, "id": uuid.UUID(fields["id"]), "message_id": message.id})


def _event_item(record: sa.Row[Any]) -> TimelineItem:
    return TimelineItem("event", record.Event.occurred_at, record.actor_name or "", event=record.Event)


def get_context(
    session: Session,
    *,
    viewer: Viewer,
    head: ThreadHead,
    senders: frozenset[str],
    more: sa.ColumnElement[Any] | None = None,
) -> ThreadContext:
    """Read contact, channels for a reply, other threads, drafts and assignable people, in three queries.

    `more` is a column of a higher feature. It is read in one of these queries and returned as `more` of the result.
    """
    thread, contact = head.row.thread, head.contact
    others = (
        list_threads(session, viewer=viewer, filter=ThreadFilter(view="all", contact_id=contact.id), limit=OTHER_THREADS).items
        if contact
        else ()
    )
    values = {
        "thread_id": thread.id,
        "brand_id": thread.brand_id,
        "about_id": thread.about_thread_id,
        "viewer_id": viewer.user_id,
        "brands": list(viewer.brand_ids),
    }
    people = session.execute(_beside_statement(more), values).all()
    drafts = {record.Draft.kind: record.Draft for record in people if record.Draft is not None}
    return ThreadContext(
        contact=contact,
        identities=head.identities,
        other_threads=tuple(row for row in others if row.thread.id != thread.id),
        channels=_channels(session, thread, senders),
        draft_reply=drafts.get("reply"),
        draft_note=drafts.get("note"),
        draft_call=drafts.get("call"),
        draft_forward=drafts.get("forward"),
        assignable_users=tuple(dict.fromkeys((record.id, record.name) for record in people if record.answers)),
        watchers=tuple(dict.fromkeys((record.id, record.name) for record in people if record.watches)),
        only_assignee_answers=any(record.only_assignee_answers for record in people),
        links=read_links(people[0].links if people else None),
        more=people[0].more if people else None,
    )


@lru_cache(maxsize=16)
def _beside_statement(more: sa.ColumnElement[Any] | None) -> sa.Select[*tuple[Any, ...]]:
    of_brand = sa.select(Brand.only_assignee_answers).where(Brand.id == BRAND_ID)
    watching = sa.and_(ThreadWatcher.user_id == User.id, ThreadWatcher.thread_id == THREAD_ID)
    own_draft = sa.and_(Draft.user_id == User.id, Draft.user_id == sa.bindparam("viewer_id"), Draft.thread_id == THREAD_ID)
    query = _PEOPLE.where(sa.or_(_ANSWERS, User.id == sa.bindparam("viewer_id"))).add_columns(
        Draft,
        _ANSWERS.label("answers"),
        sa.exists(sa.select(ThreadWatcher.user_id).where(watching)).label("watches"),
        of_brand.scalar_subquery().label("only_assignee_answers"),
        LINKS,
        (sa.null() if more is None else more).label("more"),
    )
    return query.outerjoin(Draft, own_draft)


def _channels(session: Session, thread: Thread, senders: frozenset[str]) -> tuple[Channel, ...]:
    values = {"brand_id": thread.brand_id, "senders": sorted(senders)}
    channels = session.execute(_CHANNELS, values).scalars().all()
    return tuple(sorted(channels, key=lambda c: (c.id != thread.channel_id, c.medium.value != thread.medium, c.name)))


def list_assignable_users(session: Session, brand_id: uuid.UUID) -> tuple[tuple[uuid.UUID, str], ...]:
    """List (id, name) of active users who may answer the brand's threads, by name."""
    return tuple((record.id, record.name) for record in session.execute(_ASSIGNABLE, {"brand_id": brand_id}))
