"""Reopen a thread whose message failed to arrive (unsent), and clear the unsent mark.

Lists and counts read `threads.unsent_medium`. It is set by `apply_status` of app/domain/delivery.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import SYSTEM, record
from app.domain.threads.actions import change_status, subject_of, wake_thread
from app.domain.threads.models import CLOSED_STATUSES, Attachment, Message, MessageType, Thread, ThreadStatus

UNSENT = "unsent"
_LOOKS_ANSWERED = CLOSED_STATUSES | {ThreadStatus.WAITING_CUSTOMER}


def mark_unsent(session: Session, thread: Thread, message: Message, *, now: datetime) -> None:
    """Reopen the locked thread of a message that a person sent and that failed. Mark the thread until somebody acts on it.

    Automatic messages and spam threads change nothing.
    """
    if message.message_type != MessageType.OUTGOING or message.automatic is not None or thread.spam_at is not None:
        return
    is_news = thread.unsent_medium is None
    wake_thread(session, thread, because="user", now=now)
    if thread.status in _LOOKS_ANSWERED:
        change_status(session, thread_id=thread.id, status=ThreadStatus.OPEN, actor=SYSTEM, now=now, because=UNSENT)
    thread.unsent_medium = message.medium
    session.flush()
    if is_news:
        record(session, "SendFailed", subject=subject_of(thread, message), now=now, payload={"medium": message.medium})


def copy_files(session: Session, message: Message, *, user_id: uuid.UUID, now: datetime) -> tuple[uuid.UUID, ...]:
    """Copy a message's files as uploads of a user and return the ids of the new rows. The stored bytes are shared, not copied."""
    theirs = sa.select(Attachment).where(Attachment.message_id == message.id, Attachment.state == "stored")
    copies = [
        Attachment(
            id=new_id(),
            thread_id=message.thread_id,
            uploaded_by_user_id=user_id,
            position=file.position,
            filename=file.filename,
            content_type=file.content_type,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            storage_key=file.storage_key,
            state=file.state,
            created_at=now,
        )
        for file in session.execute(theirs.order_by(Attachment.position)).scalars()
    ]
    session.add_all(copies)
    session.flush()
    return tuple(copy.id for copy in copies)


def clear_unsent(thread: Thread) -> None:
    """Clear the unsent mark of a locked thread, because the message arrived after all or is sent again."""
    thread.unsent_medium = None
