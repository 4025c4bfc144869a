"""Create tasks that follow from events and promises, and cancel such tasks. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, User
from app.domain.events.actions import SYSTEM, Actor
from app.domain.events.models import Event
from app.domain.tasks.actions import TaskContent, add_task, lock_task, set_task_status
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.tasks.promise_words import CALLS
from app.domain.tasks.promises import find_promise
from app.domain.threads.models import Message, MessageType


def make_task_of_promise(session: Session, message_id: uuid.UUID, *, now: datetime, caused_by: Event) -> Task | None:
    """Create the task that a reply promised, for the writer of the reply.

    Return None if the reply promises nothing or has its task already (even a cancelled one), or if the brand does not want
    such tasks. The thread must be locked, so that a promise never makes two tasks.
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


def take_asked_tasks_back(
    session: Session, asked: Collection[uuid.UUID], *, thread_id: uuid.UUID, now: datetime, actor: Actor
) -> int:
    """Cancel the tasks of the thread that were created by these `TaskAsked` events. Return how many tasks were not cancelled.

    A task is not cancelled if somebody has changed, started or completed it, or if another task waits for it.
    """
    made = (Event.thread_id == thread_id, Event.type == "TaskCreated", Event.caused_by_id.in_(asked))
    stay = 0
    for task_id in sorted(uuid.UUID(p["task_id"]) for p in session.execute(sa.select(Event.payload).where(*made)).scalars()):
        if session.get(Task, task_id) is None:
            continue
        if _is_touched(session, lock_task(session, task_id)):
            stay += 1
        else:
            set_task_status(session, task_id, TaskStatus.CANCELLED, now=now, actor=actor)
    return stay


def _is_touched(session: Session, task: Task) -> bool:
    waits = sa.select(Task.id).where(Task.depends_on_id == task.id).limit(1)
    return task.version > 1 or task.status != TaskStatus.OPEN or session.execute(waits).first() is not None
