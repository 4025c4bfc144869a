"""Store how to restore a thread (status, assignee, snooze) when a message is taken back before it is sent."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.threads.models import Attachment, Draft, Message, TakenBackMessage, Thread


class AlreadyTakenBack(Exception):
    """Raised when a form is sent again whose message was taken back. `thread_id` is the thread the message was in."""

    def __init__(self, thread_id: uuid.UUID) -> None:
        super().__init__(str(thread_id))
        self.thread_id = thread_id


def check_not_taken_back(session: Session, user_id: uuid.UUID | None, client_token: uuid.UUID | None) -> None:
    """Raise AlreadyTakenBack if this form was sent before and its message was taken back. The caller has locked the thread."""
    if client_token is None or user_id is None:
        return
    query = sa.select(TakenBackMessage.thread_id).where(
        TakenBackMessage.user_id == user_id, TakenBackMessage.client_token == client_token
    )
    thread_id = session.execute(query.limit(1)).scalar_one_or_none()
    if thread_id is not None:
        raise AlreadyTakenBack(thread_id)


def find_taken_back(session: Session, *, message_id: uuid.UUID, user_id: uuid.UUID) -> TakenBackMessage | None:
    """Return the record of a message that this user took back, or None if there is none."""
    found = session.get(TakenBackMessage, message_id)
    return found if found is not None and found.user_id == user_id else None


def seen_before(session: Session, thread: Thread, message_id: uuid.UUID | None) -> uuid.UUID | None:
    """Return `message_id`. If this message was taken back, return the id of the message before it instead.

    A user who has seen the message has also seen the one before it.
    """
    if message_id is None:
        return None
    seq = session.execute(
        sa.select(TakenBackMessage.seq).where(TakenBackMessage.message_id == message_id, TakenBackMessage.thread_id == thread.id)
    ).scalar_one_or_none()
    if seq is None:
        return message_id
    earlier = sa.select(Message.id).where(Message.thread_id == thread.id, Message.seq < seq).order_by(Message.seq.desc()).limit(1)
    return session.execute(earlier).scalar_one_or_none() or message_id


def standing_of(thread: Thread) -> dict[str, str | None]:
    """Return what a reply can change in a thread, as text: a dict with the keys "status", "assignee" and "snoozed_until"."""
    assignee, until = thread.assignee_user_id, thread.snoozed_until
    return {
        "status": thread.status.value,
        "assignee": str(assignee) if assignee else None,
        "snoozed_until": until.isoformat() if until else None,
    }


def note_wait(messages: Sequence[Message], *, before: dict[str, Any], thread: Thread, leaves_at: datetime) -> None:
    """Store in the `meta` of messages sent together until when they can be taken back, and what is then restored."""
    together = [str(message.id) for message in messages]
    waiting = {"leaves_at": leaves_at.isoformat(), "together": together, "before": before, "after": standing_of(thread)}
    for message in messages:
        message.meta = {**message.meta, "waiting": waiting}


def remove_messages(session: Session, thread: Thread, messages: Sequence[Message], *, user_id: uuid.UUID, now: datetime) -> None:
    """Remove messages from a locked thread. Their files become uploads of `user_id` again.

    The caller has already deleted the deliveries of the messages.
    """
    ids = [message.id for message in messages]
    loose = sa.update(Attachment).where(Attachment.message_id.in_(ids)).values(message_id=None, uploaded_by_user_id=user_id)
    session.execute(loose.execution_options(synchronize_session=False))
    session.add_all(
        TakenBackMessage(
            message_id=message.id,
            thread_id=thread.id,
            user_id=user_id,
            seq=message.seq,
            client_token=message.client_token,
            taken_back_at=now,
        )
        for message in messages
    )
    for message in messages:
        session.expunge(message)
    session.execute(sa.delete(Message).where(Message.id.in_(ids)).execution_options(synchronize_session=False))
    _summarise_again(session, thread)


def _summarise_again(session: Session, thread: Thread) -> None:
    thread.version += 1
    counts = sa.or_(Message.automatic.is_(None), Message.seq == 1)
    query = sa.select(Message.text, Message.subject, Message.occurred_at).where(Message.thread_id == thread.id, counts)
    newest = session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(1)).one_or_none()
    thread.preview = " ".join((newest.text or newest.subject)[:600].split())[:200] if newest else ""
    thread.last_message_at = newest.occurred_at if newest else thread.created_at
    session.flush()


def keep_draft_options(
    session: Session, *, user_id: uuid.UUID, thread_id: uuid.UUID, options: dict[str, Any], kind: str = "reply"
) -> None:
    """Store the options ("cc", "bcc", "unsigned") of a draft beside its text. Does nothing if there is no draft."""
    mine = sa.and_(Draft.user_id == user_id, Draft.thread_id == thread_id, Draft.kind == kind)
    session.execute(sa.update(Draft).where(mine).values(options=options).execution_options(synchronize_session=False))
