"""Mark that a message needs no answer, which ends its deadline; and take that back."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.threads.actions import change_status, lock_thread, subject_of
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus

_ASKS = frozenset({ThreadStatus.OPEN, ThreadStatus.IN_PROGRESS})


def need_no_answer(session: Session, *, thread_id: uuid.UUID, actor: Actor, now: datetime) -> Thread:
    """Mark that the last incoming message needs no answer. An open thread then waits for the customer.

    A thread without an incoming message stays as it is.
    """
    thread = lock_thread(session, thread_id)
    asked = _last_question(session, thread)
    if asked is None:
        return thread
    record(session, "AnswerNotNeeded", subject=subject_of(thread, asked), now=now, actor=actor)
    if thread.status in _ASKS:
        change_status(session, thread_id=thread.id, status=ThreadStatus.WAITING_CUSTOMER, actor=actor, now=now)
    return thread


def need_answer_again(session: Session, *, thread_id: uuid.UUID, status: ThreadStatus, actor: Actor, now: datetime) -> Thread:
    """Undo `need_no_answer`: restore the deadline. Restore the former `status`, too, unless somebody changed it since."""
    thread = lock_thread(session, thread_id)
    asked = _last_question(session, thread)
    if asked is None:
        return thread
    record(session, "AnswerNeededAgain", subject=subject_of(thread, asked), now=now, actor=actor)
    if thread.status == ThreadStatus.WAITING_CUSTOMER and status in _ASKS:
        change_status(session, thread_id=thread.id, status=status, actor=actor, now=now)
    return thread


def _last_question(session: Session, thread: Thread) -> Message | None:
    theirs = (Message.thread_id == thread.id, Message.message_type == MessageType.INCOMING, Message.automatic.is_(None))
    return session.execute(sa.select(Message).where(*theirs).order_by(Message.seq.desc()).limit(1)).scalar_one_or_none()
