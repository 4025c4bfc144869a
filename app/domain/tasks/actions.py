"""Create, edit, complete, reopen and approve tasks, and send their reminders. The caller owns the transaction."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.events.models import Event
from app.domain.tasks.due import due_instant, next_due_date, reminder_instant
from app.domain.tasks.models import OPEN_STATUSES, Decision, Recurrence, Task, TaskStatus, TaskType
from app.domain.tasks.waiting import lock_threads, settle_waiting
from app.domain.threads.models import Priority


class NothingToDecide(Exception):
    """Raised when the task is not an approval request, or is closed."""


class WhyRefused(Exception):
    """Raised when a refusal has no reason."""


class TaskMovedOn(Exception):
    """Raised when somebody else has changed the task in the meantime."""


@dataclass(frozen=True)
class TaskContent:
    """The content of a task as people enter it. `zone` is the time zone of its dates. A recurrence or a reminder needs a due
    date.

    `reminder_minutes` are minutes before the due time, or before 09:00 if there is no time. `waiting_for`: what the task's
    thread waits for while the task is open ("" for nothing). `depends_on_id`: another task for which this task waits.
    """

    brand_id: uuid.UUID
    title: str
    notes: str = ""
    task_type: TaskType = TaskType.OTHER
    priority: Priority = Priority.NORMAL
    assignee_user_id: uuid.UUID | None = None
    due_date: date | None = None
    due_time: time | None = None
    reminder_minutes: int | None = None
    recurrence: Recurrence | None = None
    thread_id: uuid.UUID | None = None
    zone: str = "Europe/Amsterdam"
    waiting_for: str = ""
    depends_on_id: uuid.UUID | None = None
    order_id: uuid.UUID | None = None


@dataclass(frozen=True)
class StatusChange:
    """The result of a status change. `next_task`: the new task, if a recurring task was completed.

    `before`: the task that should have been done first, if it is still open.
    """

    task: Task
    former: TaskStatus
    next_task: Task | None = None
    before: Task | None = None


def create_task(session: Session, content: TaskContent, *, now: datetime, actor: Actor) -> Task:
    """Create a task. The caller has checked brand, thread and assignee."""
    return add_task(session, content, now=now, actor=actor)


def add_task(
    session: Session,
    content: TaskContent,
    *,
    now: datetime,
    actor: Actor,
    promised_in_message_id: uuid.UUID | None = None,
    called_in_message_id: uuid.UUID | None = None,
    caused_by: Event | None = None,
) -> Task:
    """Create a task, and store its origin: the event that caused it, the reply that promised it, or the missed call."""
    lock_threads(session, [content.thread_id if content.waiting_for else None])
    task = Task(id=new_id(), created_by_user_id=actor.user_id, created_at=now, updated_at=now)
    task.promised_in_message_id, task.called_in_message_id = promised_in_message_id, called_in_message_id
    task.status, task.completion_notes, task.version = TaskStatus.OPEN, "", 1
    _fill(task, content)
    session.add(task)
    session.flush()
    _record(session, "TaskCreated", task, now=now, actor=actor, caused_by=caused_by)
    _settle(session, task, now=now, actor=actor)
    return task


def edit_task(
    session: Session, task_id: uuid.UUID, content: TaskContent, *, now: datetime, actor: Actor, if_version: int | None = None
) -> Task:
    """Change the content of a task. Raises `TaskMovedOn` if the current version is not `if_version`."""
    task = lock_task(session, task_id, content.thread_id if content.waiting_for else None)
    if if_version is not None and task.version != if_version:
        raise TaskMovedOn(str(task_id))
    former = task.thread_id if task.waiting_for else None
    _fill(task, content)
    _touch(session, task, now)
    _record(session, "TaskChanged", task, now=now, actor=actor)
    if former is not None and not (task.waiting_for and task.thread_id == former):
        settle_waiting(session, former, now=now, actor=actor)
    _settle(session, task, now=now, actor=actor)
    return task


def set_due(session: Session, task: Task, due_date: date, due_time: time) -> None:
    """Set the due time of a new task that has no date. Date and time are local in the task's zone."""
    task.due_date, task.due_time, task.due_at = due_date, due_time, due_instant(due_date, due_time, task.zone)
    session.flush()


def decide_task(
    session: Session, task_id: uuid.UUID, decision: Decision, *, reason: str, now: datetime, actor: Actor
) -> StatusChange:
    """Approve or refuse an approval task. This completes the task; rules on completed tasks see the decision.

    Raises `NothingToDecide` if the task is of another type or closed, and `WhyRefused` if a refusal has no reason.
    """
    task = lock_task(session, task_id)
    if task.task_type != TaskType.APPROVAL_REQUEST or not task.is_open:
        raise NothingToDecide(str(task_id))
    if decision == Decision.REFUSED and not reason.strip():
        raise WhyRefused(str(task_id))
    task.decision = decision
    session.flush()
    return set_task_status(session, task_id, TaskStatus.COMPLETED, now=now, actor=actor, completion_notes=reason.strip())


def set_task_status(
    session: Session, task_id: uuid.UUID, status: TaskStatus, *, now: datetime, actor: Actor, completion_notes: str | None = None
) -> StatusChange:
    """Change the status of a task. Do nothing if it has this status already. Reopening deletes its decision.

    When a recurring task is completed, its next task is created, once only. When the task is reopened, its next task is
    cancelled if that is still open and not started.
    """
    task = lock_task(session, task_id)
    former = task.status
    if completion_notes is not None and status == TaskStatus.COMPLETED:
        task.completion_notes = completion_notes
    if status == former:
        return StatusChange(task, former)
    task.status = status
    task.completed_at = now if status == TaskStatus.COMPLETED else None
    task.decision = task.decision if status == TaskStatus.COMPLETED else None
    _touch(session, task, now)
    event = {TaskStatus.COMPLETED: "TaskCompleted"}.get(status, "TaskReopened" if former not in OPEN_STATUSES else "TaskMoved")
    _record(session, event, task, now=now, actor=actor, former=former)
    _settle(session, task, now=now, actor=actor)
    if status == TaskStatus.COMPLETED:
        next_task = _make_next(session, task, now=now, actor=actor) if task.recurrence is not None else None
        return StatusChange(task, former, next_task, _still_open(session, task.depends_on_id))
    if former == TaskStatus.COMPLETED:
        _take_next_back(session, task, now=now, actor=actor)
    return StatusChange(task, former)


def remind_due_tasks(session: Session, *, now: datetime, limit: int) -> int:
    """Record the reminders that are due now, at most `limit`. Return how many tasks were found.

    Tasks that another transaction has locked are left for the next round.
    """
    due = sa.select(Task).where(Task.remind_at <= now, Task.reminded_at.is_(None), Task.remind_at.is_not(None))
    tasks = session.execute(due.order_by(Task.remind_at).limit(limit).with_for_update(skip_locked=True)).scalars().all()
    for task in tasks:
        task.reminded_at = now
        if task.is_open:
            _record(session, "TaskReminded", task, now=now, actor=SYSTEM)
    session.flush()
    return len(tasks)


def lock_task(session: Session, task_id: uuid.UUID, thread_id: uuid.UUID | None = None) -> Task:
    """Return the task and lock its row until the transaction ends. The task's thread and the thread `thread_id` are locked
    first."""
    of_task = session.execute(sa.select(Task.thread_id).where(Task.id == task_id)).scalar_one()
    lock_threads(session, [of_task, thread_id])
    query = sa.select(Task).where(Task.id == task_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _settle(session: Session, task: Task, *, now: datetime, actor: Actor) -> None:
    """Update `waiting_for` of the task's thread, if the thread waits because of this task."""
    if task.thread_id is not None and task.waiting_for:
        is_done = task.status == TaskStatus.COMPLETED
        settle_waiting(session, task.thread_id, now=now, actor=actor, is_done=is_done)


def _still_open(session: Session, task_id: uuid.UUID | None) -> Task | None:
    task = session.get(Task, task_id) if task_id is not None else None
    return task if task is not None and task.is_open else None


def _touch(session: Session, task: Task, now: datetime) -> None:
    task.updated_at = now
    task.version += 1
    session.flush()


def _fill(task: Task, content: TaskContent) -> None:
    for name in ("brand_id", "title", "notes", "task_type", "priority", "assignee_user_id", "thread_id", "order_id", "zone"):
        setattr(task, name, getattr(content, name))
    task.waiting_for, task.depends_on_id = content.waiting_for if content.thread_id else "", content.depends_on_id
    task.due_date, task.due_time = content.due_date, content.due_time if content.due_date else None
    task.recurrence = content.recurrence if content.due_date else None
    task.due_at = due_instant(content.due_date, task.due_time, content.zone) if content.due_date else None
    _set_reminder(task, content.reminder_minutes if content.due_date else None)


def _set_reminder(task: Task, minutes: int | None) -> None:
    before = task.remind_at
    task.reminder_minutes, task.remind_at = minutes, None
    if minutes is not None and task.due_date is not None:
        task.remind_at = reminder_instant(task.due_date, task.due_time, task.zone, minutes)
    if task.remind_at != before:
        task.reminded_at = None


def _make_next(session: Session, task: Task, *, now: datetime, actor: Actor) -> Task | None:
    if task.due_date is None or task.recurrence is None:
        return None
    follower = _find_follower(session, task)
    if follower is not None:
        if follower.status == TaskStatus.CANCELLED:
            set_task_status(session, follower.id, TaskStatus.OPEN, now=now, actor=actor)
        return follower
    today = now.astimezone(ZoneInfo(task.zone)).date()
    content = TaskContent(
        brand_id=task.brand_id,
        title=task.title,
        notes=task.notes,
        task_type=task.task_type,
        priority=task.priority,
        assignee_user_id=task.assignee_user_id,
        due_date=next_due_date(task.due_date, task.recurrence, after=max(today, task.due_date)),
        due_time=task.due_time,
        reminder_minutes=task.reminder_minutes,
        recurrence=task.recurrence,
        thread_id=task.thread_id,
        order_id=task.order_id,
        zone=task.zone,
    )
    made = create_task(session, content, now=now, actor=actor)
    made.follows_id = task.id
    session.flush()
    return made


def _take_next_back(session: Session, task: Task, *, now: datetime, actor: Actor) -> None:
    follower = _find_follower(session, task)
    if follower is not None and follower.status == TaskStatus.OPEN:
        set_task_status(session, follower.id, TaskStatus.CANCELLED, now=now, actor=actor)


def _find_follower(session: Session, task: Task) -> Task | None:
    return session.execute(sa.select(Task).where(Task.follows_id == task.id)).scalar_one_or_none()


def _record(
    session: Session,
    event: str,
    task: Task,
    *,
    now: datetime,
    actor: Actor,
    former: TaskStatus | None = None,
    caused_by: Event | None = None,
) -> None:
    payload = {"task_id": str(task.id), "assignee": str(task.assignee_user_id) if task.assignee_user_id else None}
    if task.order_id is not None:
        payload["order_id"] = str(task.order_id)
    if former is not None:
        payload |= {"from": former.value, "to": task.status.value}
    if event == "TaskCompleted" and task.decision is not None:
        payload |= {"outcome": task.decision.value, "reason": task.completion_notes}
    if _stands_in_timeline(event, task):
        payload |= {"because": "promise", "title": task.title}
    subject = Subject(brand_id=task.brand_id, thread_id=task.thread_id)
    about = ("task", task.id)
    record(session, event, subject=subject, now=now, actor=actor, payload=payload, caused_by=caused_by, about=about)


def _stands_in_timeline(event: str, task: Task) -> bool:
    """Return True if this change of the task is shown in its thread. This is so for promised tasks only."""
    if task.promised_in_message_id is None:
        return False
    return event in ("TaskCreated", "TaskCompleted", "TaskReopened") or task.status == TaskStatus.CANCELLED
