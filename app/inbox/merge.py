"""Make one thread of two."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.events.actions import SYSTEM, Actor, record
from app.events.models import Event
from app.inbox.actions import lock_thread, preview_of, subject_of
from app.inbox.models import Attachment, Message, MessageType, Thread, ThreadAlias


def merge_threads(session: Session, *, keep_id: uuid.UUID, merge_id: uuid.UUID, now: datetime, actor: Actor = SYSTEM) -> Thread:
    """Move everything of `merge_id` into `keep_id` and leave an alias behind; items are numbered again in order of arrival.

    Threads are locked in id order. Tables of higher features that name a thread (deliveries) follow through `ThreadsMerged`, an
    in-transaction event.
    """
    for thread_id in sorted((keep_id, merge_id)):
        lock_thread(session, thread_id)
    keep, gone = lock_thread(session, keep_id), lock_thread(session, merge_id)
    if keep.id == gone.id:
        return keep
    _move_messages(session, keep, gone)
    session.execute(sa.update(Attachment).where(Attachment.thread_id == gone.id).values(thread_id=keep.id))
    session.execute(sa.update(Event).where(Event.thread_id == gone.id).values(thread_id=keep.id))
    session.execute(sa.update(ThreadAlias).where(ThreadAlias.thread_id == gone.id).values(thread_id=keep.id))
    session.add(ThreadAlias(old_id=gone.id, old_number=gone.number, thread_id=keep.id, merged_at=now))
    record(
        session,
        "ThreadsMerged",
        subject=subject_of(keep),
        now=now,
        actor=actor,
        payload={"merged_thread_id": str(gone.id), "number": gone.number},
    )
    session.flush()
    session.delete(gone)
    session.flush()
    return keep


def _move_messages(session: Session, keep: Thread, gone: Thread) -> None:
    moving = session.execute(sa.select(Message).where(Message.thread_id == gone.id).order_by(Message.seq)).scalars().all()
    for message in moving:
        keep.message_count += 1
        message.thread_id, message.seq = keep.id, keep.message_count
        if message.message_type == MessageType.INCOMING and message.automatic is None:
            keep.inbound_seq = message.seq
    session.flush()
    keep.version += 1
    keep.created_at = min(keep.created_at, gone.created_at)
    keep.last_inbound_at = max(filter(None, [keep.last_inbound_at, gone.last_inbound_at]), default=None)
    keep.window_opened_at = max(filter(None, [keep.window_opened_at, gone.window_opened_at]), default=None)
    keep.assignee_user_id = keep.assignee_user_id or gone.assignee_user_id
    keep.tags = list(dict.fromkeys([*keep.tags, *gone.tags]))
    if gone.last_message_at > keep.last_message_at:
        keep.last_message_at, keep.preview = gone.last_message_at, gone.preview


def is_untouched(session: Session, thread: Thread) -> bool:
    """True while nobody of ours has worked on the thread, so that joining it to another surprises no one."""
    ours = sa.and_(Message.thread_id == thread.id, Message.sender_user_id.is_not(None))
    return (
        thread.assignee_user_id is None
        and thread.is_open
        and session.execute(sa.select(Message.id).where(ours).limit(1)).first() is None
    )


def summarise_again(session: Session, thread: Thread) -> None:
    """Recompute subject and preview of a thread whose first or newest item may have changed."""
    first = session.execute(
        sa.select(Message.subject)
        .where(Message.thread_id == thread.id, Message.message_type != MessageType.INTERNAL_NOTE, Message.subject != "")
        .order_by(Message.occurred_at, Message.id)
        .limit(1)
    ).scalar_one_or_none()
    newest = session.execute(
        sa.select(Message.text, Message.subject, Message.occurred_at)
        .where(Message.thread_id == thread.id, Message.automatic.is_(None))
        .order_by(Message.occurred_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    thread.subject = first if first is not None else thread.subject
    if newest is not None:
        thread.preview, thread.last_message_at = preview_of(newest.text or newest.subject), newest.occurred_at
