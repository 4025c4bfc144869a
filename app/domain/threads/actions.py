"""Write threads: create, add messages and notes, assign, change status, save drafts. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import content_id_of, new_id
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.threads.mentions import add_watchers, keep_mentions
from app.domain.threads.models import (
    CLOSED_STATUSES,
    Attachment,
    Draft,
    Message,
    MessageType,
    Priority,
    Thread,
    ThreadAlias,
    ThreadRead,
    ThreadStatus,
    ThreadType,
)
from app.domain.threads.queries import ThreadMissing
from app.domain.threads.timeline import list_assignable_users

PREVIEW_CHARACTERS = 200
TEXT_LIMIT = 1_000_000


class ThreadMovedOn(Exception):
    """Raised when others wrote in the thread after the last message that the writer had seen. `newer`: these messages, oldest
    first."""

    def __init__(self, newer: list[Message]) -> None:
        super().__init__(f"{len(newer)} newer items")
        self.newer = newer


class VersionConflict(Exception):
    """Raised when the thread has changed since the version that the writer had read."""


@dataclass(frozen=True)
class NewThread:
    brand_id: uuid.UUID
    medium: str
    subject: str = ""
    channel_id: uuid.UUID | None = None
    contact_id: uuid.UUID | None = None
    thread_type: ThreadType = ThreadType.CUSTOMER_SUPPORT
    priority: Priority = Priority.NORMAL
    created_by_user_id: uuid.UUID | None = None
    external_references: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class NewMessage:
    """One message to add to a thread; `values` are further columns of Message (sender, recipients, html, external_id, …)."""

    message_type: MessageType
    medium: str
    occurred_at: datetime
    text: str = ""
    subject: str = ""
    channel_id: uuid.UUID | None = None
    automatic: str | None = None
    opens_window: bool = False
    values: dict[str, Any] = field(default_factory=dict)


def create_thread(
    session: Session, new: NewThread, *, now: datetime, at: datetime | None = None, actor: Actor = SYSTEM
) -> Thread:
    """Make an empty thread. `at` is the time of its first message, for history that is imported."""
    thread = Thread(
        id=new_id(),
        subject=new.subject[:998],
        thread_type=new.thread_type,
        priority=new.priority,
        brand_id=new.brand_id,
        channel_id=new.channel_id,
        medium=new.medium,
        contact_id=new.contact_id,
        created_by_user_id=new.created_by_user_id,
        external_references=new.external_references,
        created_at=at or now,
        last_message_at=at or now,
        status=ThreadStatus.OPEN,
        preview="",
        tags=[],
        message_count=0,
        inbound_seq=0,
        version=1,
    )
    session.add(thread)
    record(session, "ThreadCreated", subject=subject_of(thread), now=now, actor=actor)
    return thread


def lock_thread(session: Session, thread_id: uuid.UUID) -> Thread:
    """Return the thread, or the thread it was merged into, locked until the transaction ends. Raises `ThreadMissing`."""
    thread = session.execute(
        sa.select(Thread).where(Thread.id == thread_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if thread is not None:
        return thread
    alias = session.get(ThreadAlias, thread_id)
    if alias is None:
        raise ThreadMissing(str(thread_id))
    return lock_thread(session, alias.thread_id)


def add_message(session: Session, thread: Thread, new: NewMessage, *, now: datetime) -> Message:
    """Add a message to a locked thread and update the thread's preview, counts and times. The caller records the event."""
    thread.message_count += 1
    message = Message(
        id=new_id(),
        thread_id=thread.id,
        brand_id=thread.brand_id,
        seq=thread.message_count,
        message_type=new.message_type,
        medium=new.medium,
        channel_id=new.channel_id,
        subject=new.subject[:998],
        text=new.text[:TEXT_LIMIT],
        occurred_at=new.occurred_at,
        created_at=now,
        automatic=new.automatic,
        **new.values,
    )
    _summarise(thread, message, opens_window=new.opens_window)
    if thread in session.new:
        session.flush()  # the thread before its message
    session.add(message)
    session.flush()
    return message


def _summarise(thread: Thread, message: Message, *, opens_window: bool) -> None:
    thread.version += 1
    is_person = message.automatic is None and message.message_type != MessageType.AUTO_RESPONSE
    if message.seq == 1 or (is_person and message.occurred_at >= thread.last_message_at):
        thread.last_message_at = message.occurred_at
        if message.message_type != MessageType.INTERNAL_NOTE or thread.is_ticket or not thread.preview:
            thread.preview = preview_of(message.text or message.subject)
    if message.message_type == MessageType.INCOMING and message.automatic is None:
        thread.last_inbound_at = max(filter(None, [thread.last_inbound_at, message.occurred_at]))
        thread.inbound_seq = message.seq
    if opens_window:
        thread.window_opened_at = max(filter(None, [thread.window_opened_at, message.occurred_at]))


def preview_of(text: str) -> str:
    """Return one line for the list: the beginning of the text, with each run of white space as one space."""
    return " ".join(text[: PREVIEW_CHARACTERS * 3].split())[:PREVIEW_CHARACTERS]


def reopen_for_incoming(session: Session, thread: Thread, *, now: datetime) -> None:
    """Set a locked thread to open because a person wrote, if it is resolved, snoozed or waits for the customer. Spam stays
    spam."""
    if thread.spam_at is not None:
        thread.spam_former = {**(thread.spam_former or {}), "status": "open", "resolved_at": None, "snoozed_until": None}
        return
    wake_thread(session, thread, because="message", now=now)
    if thread.status in CLOSED_STATUSES or thread.status == ThreadStatus.WAITING_CUSTOMER:
        _set_status(session, thread, ThreadStatus.OPEN, now=now, actor=SYSTEM)


def wake_thread(session: Session, thread: Thread, *, because: str, now: datetime, actor: Actor = SYSTEM) -> None:
    """End the snooze of a locked thread, or do nothing if it is not snoozed. `because` is "due", "message" or "user". Except
    for "user", the thread becomes open (unless it is escalated). For "due", it also becomes unread for everybody."""
    if thread.snoozed_until is None:
        return
    thread.snoozed_until = None
    thread.version += 1
    record(session, "SnoozeEnded", subject=subject_of(thread), now=now, actor=actor, payload={"because": because})
    if because != "user" and thread.status != ThreadStatus.ESCALATED:
        _set_status(session, thread, ThreadStatus.OPEN, now=now, actor=actor)
    if because == "due":
        _make_unread(session, thread)


def bring_back(session: Session, thread: Thread, *, now: datetime, actor: Actor) -> None:
    """Make a locked thread whose wait is over new work again: open, unread and first in its lists. A closed thread stays
    closed."""
    if thread.status in CLOSED_STATUSES:
        return
    wake_thread(session, thread, because="user", now=now, actor=actor)
    if thread.status != ThreadStatus.ESCALATED:
        _set_status(session, thread, ThreadStatus.OPEN, now=now, actor=actor)
    thread.last_message_at = max(thread.last_message_at, now)  # its place in every list
    _make_unread(session, thread)
    session.flush()


def _make_unread(session: Session, thread: Thread) -> None:
    thread.inbound_seq = max(thread.inbound_seq, 1)  # nobody outside has written yet: unread by its first item
    read = sa.and_(ThreadRead.thread_id == thread.id, ThreadRead.seen_seq >= thread.inbound_seq)
    unread = sa.update(ThreadRead).where(read).values(seen_seq=thread.inbound_seq - 1)
    session.execute(unread.execution_options(synchronize_session=False))


def check_nothing_newer(
    session: Session, thread: Thread, *, last_seen_message_id: uuid.UUID | None, user_id: uuid.UUID | None
) -> None:
    """Raise `ThreadMovedOn` if another person's message came after the message `last_seen_message_id`; if that is None, check
    nothing. The caller has locked the thread, so that no message can come in between."""
    if last_seen_message_id is None:
        return
    seen = session.execute(
        sa.select(Message.seq).where(Message.id == last_seen_message_id, Message.thread_id == thread.id)
    ).scalar_one_or_none()
    others = sa.or_(Message.sender_user_id.is_(None), Message.sender_user_id != user_id)
    newer = (
        sa.select(Message)
        .where(Message.thread_id == thread.id, Message.seq > (seen or 0), others)
        .where(Message.automatic.is_(None), Message.message_type != MessageType.AUTO_RESPONSE)
        .order_by(Message.seq)
    )
    found = list(session.execute(newer.limit(20)).scalars())
    if found:
        raise ThreadMovedOn(found)


def add_note(
    session: Session,
    *,
    thread_id: uuid.UUID,
    text: str,
    actor: Actor,
    author_name: str,
    now: datetime,
    client_token: uuid.UUID | None = None,
    attachment_ids: tuple[uuid.UUID, ...] = (),
) -> Message:
    """Add an internal note, or return the note already added with `client_token`. Users named with `@` become watchers."""
    thread = lock_thread(session, thread_id)
    repeat = find_by_client_token(session, actor.user_id, client_token)
    if repeat is not None:
        return repeat
    values = {"sender_user_id": actor.user_id, "sender": {"name": author_name}, "client_token": client_token}
    new = NewMessage(message_type=MessageType.INTERNAL_NOTE, medium="internal", occurred_at=now, text=text, values=values)
    message = add_message(session, thread, new, now=now)
    attach_uploads(session, message, attachment_ids, user_id=actor.user_id)
    discard_draft(session, user_id=actor.user_id, thread_id=thread.id, kind="note")
    mentioned = keep_mentions(session, message, list_assignable_users(session, thread.brand_id)) if "@" in message.text else []
    add_watchers(session, thread.id, mentioned, now=now)
    payload = {"mentions": [str(user_id) for user_id in mentioned]} if mentioned else None
    record(session, "NoteAdded", subject=subject_of(thread, message), now=now, actor=actor, payload=payload)
    return message


def find_by_client_token(session: Session, user_id: uuid.UUID | None, client_token: uuid.UUID | None) -> Message | None:
    """Return the message that the user already created with the same composer form, or None if there is none."""
    if client_token is None or user_id is None:
        return None
    return session.execute(
        sa.select(Message).where(Message.sender_user_id == user_id, Message.client_token == client_token)
    ).scalar_one_or_none()


def attach_uploads(
    session: Session, message: Message, attachment_ids: tuple[uuid.UUID, ...], *, user_id: uuid.UUID | None
) -> list[Attachment]:
    """Attach files that the user uploaded to the message and return them. Other users' files and files already attached are
    ignored. A file that the message's HTML shows becomes inline; the others are listed below the message."""
    if not attachment_ids:
        return []
    mine = sa.and_(Attachment.id.in_(attachment_ids), Attachment.uploaded_by_user_id == user_id, Attachment.message_id.is_(None))
    uploads = sorted(session.execute(sa.select(Attachment).where(mine)).scalars(), key=lambda a: attachment_ids.index(a.id))
    for position, upload in enumerate(uploads):
        upload.message_id, upload.thread_id, upload.position = message.id, message.thread_id, position
        upload.is_inline = f'"cid:{content_id_of(upload.id)}"' in message.html
        upload.content_id = content_id_of(upload.id) if upload.is_inline else None
    return uploads


def assign_thread(
    session: Session,
    *,
    thread_id: uuid.UUID,
    assignee_user_id: uuid.UUID | None,
    actor: Actor,
    now: datetime,
    if_version: int | None = None,
) -> Thread:
    """Assign the thread to a user, or to nobody (None). Assigning it to its present assignee changes nothing. Raises
    `VersionConflict` if `if_version` is given and is not the thread's version."""
    thread = _lock_at_version(session, thread_id, if_version)
    if thread.assignee_user_id != assignee_user_id:
        previous, thread.assignee_user_id = thread.assignee_user_id, assignee_user_id
        thread.version += 1
        payload = {"from": str(previous) if previous else None, "to": str(assignee_user_id) if assignee_user_id else None}
        record(session, "ThreadAssigned", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    return thread


def change_status(
    session: Session,
    *,
    thread_id: uuid.UUID,
    status: ThreadStatus,
    actor: Actor,
    now: datetime,
    if_version: int | None = None,
    because: str = "",
) -> Thread:
    """Set the status; the same status again changes nothing. `because`: the reason of an automatic change, for the timeline.
    Raises `VersionConflict` if `if_version` is given and is not the thread's version."""
    thread = _lock_at_version(session, thread_id, if_version)
    _set_status(session, thread, status, now=now, actor=actor, because=because)
    return thread


def _set_status(
    session: Session, thread: Thread, status: ThreadStatus, *, now: datetime, actor: Actor, because: str = ""
) -> None:
    if thread.status == status:
        return
    previous, thread.status = thread.status, status
    thread.resolved_at = (thread.resolved_at or now) if status in CLOSED_STATUSES else None
    if status in CLOSED_STATUSES:
        thread.snoozed_until = None  # what is done need not come back
        thread.unsent_medium = None
    thread.version += 1
    if thread.spam_at is not None:
        thread.spam_at = thread.spam_former = None
        record(session, "SpamEnded", subject=subject_of(thread), now=now, actor=actor, payload={"because": "status"})
    record(
        session,
        "ThreadStatusChanged",
        subject=subject_of(thread),
        now=now,
        actor=actor,
        payload={"from": previous.value, "to": status.value, **({"because": because} if because else {})},
    )


def set_response_due(thread: Thread, due_at: datetime | None) -> None:
    """Store by when a locked thread must be answered, as calculated by app/domain/sla. None means that no answer is due."""
    thread.response_due_at = due_at


def change_priority(
    session: Session, *, thread_id: uuid.UUID, priority: Priority, actor: Actor, now: datetime, if_version: int | None = None
) -> Thread:
    """Set the priority; the same priority again changes nothing. Raises `VersionConflict` if the version is not `if_version`."""
    thread = _lock_at_version(session, thread_id, if_version)
    if thread.priority != priority:
        previous, thread.priority = thread.priority, priority
        thread.version += 1
        payload = {"from": previous.value, "to": priority.value}
        record(session, "ThreadPriorityChanged", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    return thread


def after_reply(session: Session, thread: Thread, *, actor: Actor, now: datetime, takes: bool = True) -> None:
    """Update a thread after a reply: it now waits for the customer and is no longer marked as spam or unsent. An unassigned
    thread is assigned to the writer, unless `takes` is False."""
    thread.unsent_medium = None
    if takes and thread.assignee_user_id is None and actor.user_id is not None:
        assign_thread(session, thread_id=thread.id, assignee_user_id=actor.user_id, actor=actor, now=now)
    if thread.status in (ThreadStatus.OPEN, ThreadStatus.IN_PROGRESS) or thread.spam_at is not None:
        _set_status(session, thread, ThreadStatus.WAITING_CUSTOMER, now=now, actor=actor)


def _lock_at_version(session: Session, thread_id: uuid.UUID, if_version: int | None) -> Thread:
    thread = lock_thread(session, thread_id)
    if if_version is not None and thread.version != if_version:
        raise VersionConflict(f"version is {thread.version}")
    return thread


def save_draft(
    session: Session, *, user_id: uuid.UUID, thread_id: uuid.UUID, kind: str, text: str, attachment_ids: list[str], now: datetime
) -> None:
    """Save the user's draft of this kind in the thread. A draft without text and files is deleted."""
    if not text.strip() and not attachment_ids:
        discard_draft(session, user_id=user_id, thread_id=thread_id, kind=kind)
        return
    values = {"text": text[:TEXT_LIMIT], "attachment_ids": attachment_ids, "updated_at": now}
    statement = postgresql.insert(Draft).values(user_id=user_id, thread_id=thread_id, kind=kind, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["user_id", "thread_id", "kind"], set_=values))


def discard_draft(session: Session, *, user_id: uuid.UUID | None, thread_id: uuid.UUID, kind: str) -> None:
    session.execute(sa.delete(Draft).where(Draft.user_id == user_id, Draft.thread_id == thread_id, Draft.kind == kind))


def subject_of(thread: Thread, message: Message | None = None) -> Subject:
    """Return the subject of an event about this thread, and its message if given."""
    return Subject(brand_id=thread.brand_id, thread_id=thread.id, message_id=message.id if message else None)
