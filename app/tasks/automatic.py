"""Tasks nobody writes: they follow from what happened. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.models import Brand, User
from app.events.actions import SYSTEM
from app.events.models import Event
from app.inbox.models import Message, MessageType
from app.tasks.actions import TaskContent, add_task
from app.tasks.models import Task, TaskType
from app.tasks.promise_words import CALLS
from app.tasks.promises import find_promise


def make_task_of_promise(session: Session, message_id: uuid.UUID, *, now: datetime, caused_by: Event) -> Task | None:
    """Make the task a reply promised, for its writer; None where it promises nothing, has its task, or the brand wants none.

    The message's thread is locked, so that two of these never meet. A task that was removed is not made again.
    """
    written = sa.and_(
        Message.id == message_id,
        Message.message_type == MessageType.OUTGOING,
        Message.automatic.is_(None),
        Brand.tasks_of_promises,
        ~sa.exists(sa.select(Task.id).where(Task.promised_in_message_id == message_id)),
    )
    columns = (Message.text, Message.thread_id, Message.brand_id, Message.sent_at, User.id.label("author"), User.timezone)
    query = sa.select(*columns).join(User, User.id == Message.sender_user_id).join(Brand, Brand.id == Message.brand_id)
    reply = session.execute(query.where(written)).one_or_none()
    promise = find_promise(reply.text, at=reply.sent_at or now, zone=reply.timezone) if reply else None
    if reply is None or promise is None:
        return None
    content = TaskContent(
        brand_id=reply.brand_id,
        title=promise.what,
        task_type=TaskType.CALLBACK if CALLS.search(promise.what) else TaskType.FOLLOW_UP,
        assignee_user_id=reply.author,
        due_date=promise.due_date,
        due_time=promise.due_time,
        thread_id=reply.thread_id,
        zone=reply.timezone,
    )
    return add_task(session, content, now=now, actor=SYSTEM, promised_in_message_id=message_id, caused_by=caused_by)
