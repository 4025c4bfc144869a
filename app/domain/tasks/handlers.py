"""Event handlers for tasks: merged threads, regrouped orders, requested and promised tasks.

They run in the transaction of the change (see app/wiring.py).
"""

from __future__ import annotations

import uuid
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.accounts.models import User
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.tasks.actions import TaskContent, add_task, create_task
from app.domain.tasks.automatic import make_task_of_promise
from app.domain.tasks.models import Task, TaskType
from app.domain.tasks.waiting import settle_waiting
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import find_order_of_thread
from app.domain.threads.row_moves import move_rows, parse_move, return_rows

TASKS = table_of(Task)
TITLE_CHARACTERS = 300
ZONE = "Europe/Amsterdam"  # of a task nobody has
LEFT = frozenset({"accepted", "sent", "delivered", "read"})  # what a delivery is called once its message is on its way


def move_tasks_of_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: move tasks of the removed thread to the kept thread."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, TASKS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)
        settle_waiting(session, move.thread_id, now=event.occurred_at, actor=Actor(event.actor_user_id))


def return_tasks(session: Session, event: Event) -> None:
    """Handle `MergeUndone`: move tasks back to the thread from which they came. Changes made in between stay."""
    move = parse_move(event)
    return_rows(session, TASKS, move_id=move.id, origin=move.origin, target=move.target)
    for thread_id in sorted({move.origin, move.target}):
        settle_waiting(session, thread_id, now=event.occurred_at, actor=Actor(event.actor_user_id))


def follow_regrouped_orders(session: Session, event: Event) -> None:
    """Handle `OrderRegrouped`: when orders are merged, move tasks to the kept order. When this is undone, move them back."""
    payload = event.payload
    if "versions" not in payload:  # the other order's half of the same news
        return
    order_id, other_id = uuid.UUID(payload["order_id"]), uuid.UUID(payload["other_order_id"])
    if payload["kind"] == "merge":
        moved = _move_to_order(session, Task.order_id == other_id, order_id, at=event.occurred_at)
        event.payload = {**payload, "moved": {**payload["moved"], "tasks": moved}}
    elif payload["kind"] == "undo":
        undone = session.get_one(Event, uuid.UUID(payload["moved"]["undoes"]))
        if undone.payload["kind"] == "merge":
            ids = [uuid.UUID(task_id) for task_id in undone.payload["moved"].get("tasks", ())]
            theirs = sa.and_(Task.id.in_(ids), Task.order_id == order_id)
            _move_to_order(session, theirs, other_id, at=event.occurred_at)
        else:  # the order that was made is cancelled
            _move_to_order(session, Task.order_id == other_id, order_id, at=event.occurred_at)


def _move_to_order(session: Session, which: sa.ColumnElement[bool], order_id: uuid.UUID, *, at: datetime) -> list[str]:
    values = {Task.order_id: order_id, Task.updated_at: at, Task.version: Task.version + 1}
    moving = sa.update(Task).where(which).values(values).returning(Task.id).execution_options(synchronize_session="fetch")
    return [str(task_id) for task_id in session.execute(moving).scalars()]


def make_callback_task(session: Session, event: Event) -> None:
    """Handle `CallLogged`: if the call record asks for a task to call back, create it for the user who wrote the record."""
    wanted: dict[str, Any] | None = event.payload.get("callback")
    if wanted is None or event.brand_id is None:
        return
    content = TaskContent(
        brand_id=event.brand_id,
        title=wanted["title"][:TITLE_CHARACTERS],
        task_type=TaskType.CALLBACK,
        assignee_user_id=event.actor_user_id,
        due_date=date.fromisoformat(wanted["due_date"]),
        due_time=time.fromisoformat(wanted["due_time"]),
        thread_id=event.thread_id,
        zone=wanted["zone"],
    )
    create_task(session, content, now=event.occurred_at, actor=Actor(event.actor_user_id))


def make_asked_task(session: Session, event: Event) -> None:
    """Handle `TaskAsked`: create the task that a macro or rule requests.

    It is for the thread's assignee. If there is none, it is for the user who caused the event.
    """
    if event.brand_id is None:
        return
    asked: dict[str, Any] = event.payload["task"]
    thread = session.get(Thread, event.thread_id) if event.thread_id else None
    assignee = (thread.assignee_user_id if thread else None) or event.actor_user_id
    zone = session.execute(sa.select(User.timezone).where(User.id == assignee)).scalar_one_or_none() or ZONE
    days = asked.get("due_days")
    content = TaskContent(
        brand_id=event.brand_id,
        title=asked["title"][:TITLE_CHARACTERS],
        task_type=TaskType(asked["kind"]),
        assignee_user_id=assignee,
        due_date=None if days is None else event.occurred_at.astimezone(ZoneInfo(zone)).date() + timedelta(days=days),
        thread_id=event.thread_id,
        order_id=_order_of(session, event),
        zone=zone,
    )
    actor = Actor(event.actor_user_id, by=event.payload.get("by"))
    add_task(session, content, now=event.occurred_at, actor=actor, caused_by=event)


def make_promised_task(session: Session, event: Event) -> None:
    """Handle `DeliveryChanged`: when a message has been sent, create the task that it promises."""
    if event.message_id is not None and event.payload.get("status") in LEFT:
        make_task_of_promise(session, event.message_id, now=event.occurred_at, caused_by=event)


def _order_of(session: Session, event: Event) -> uuid.UUID | None:
    """Return the id of the order in the event that caused `event`, or else of the order the thread is about. Return None if
    there is none."""
    cause = session.get(Event, event.caused_by_id) if event.caused_by_id else None
    named = cause.payload.get("order_id") if cause is not None else None
    if named:
        return uuid.UUID(named)
    order = find_order_of_thread(session, event.thread_id) if event.thread_id else None
    return order.id if order is not None else None
