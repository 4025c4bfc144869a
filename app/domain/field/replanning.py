"""Create the task to plan a visit again, after nobody was home or the visit was aborted. The handlers run in the event's
transaction; see app/wiring.py.

At most one such task is open for a thread, or for an order without a thread. The next planned visit closes the task. Tasks
created by people are left alone.
"""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import known
from app.domain.appointments.models import Appointment, AppointmentKind
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.field.effects import REASON_WORDS
from app.domain.tasks.actions import TaskContent, add_task, set_task_status
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.models import Priority

PLAN_AGAIN = known("Plan again: %(title)s")
TITLE_CHARACTERS = 200


def ask_to_plan_again(session: Session, event: Event) -> None:
    """Handle `AppointmentNotHome` and `AppointmentAborted`: create a task to plan the visit again, with the reason in its
    notes."""
    visit = session.get_one(Appointment, uuid.UUID(event.payload["appointment_id"]))
    if visit.kind != AppointmentKind.VISIT or session.execute(_open_ones(visit)).first() is not None:
        return
    why = (REASON_WORDS.get(event.payload.get("reason_code", ""), ""), event.payload.get("reason", ""))
    content = TaskContent(
        brand_id=visit.brand_id,
        title=(PLAN_AGAIN % {"title": visit.title})[:TITLE_CHARACTERS],
        notes="\n".join(line for line in why if line),
        task_type=TaskType.SCHEDULE_VISIT,
        priority=Priority.HIGH,
        thread_id=visit.thread_id,
        order_id=visit.order_id,
        zone=visit.zone,
    )
    add_task(session, content, now=event.occurred_at, actor=SYSTEM, caused_by=event)


def end_replanning(session: Session, event: Event) -> None:
    """Handle `AppointmentPlanned` and other events of an open visit: complete the task to plan the visit again."""
    visit = session.get_one(Appointment, uuid.UUID(event.payload["appointment_id"]))
    if visit.kind == AppointmentKind.VISIT and visit.is_open:
        for task_id in session.execute(_open_ones(visit)).scalars().all():
            set_task_status(session, task_id, TaskStatus.COMPLETED, now=event.occurred_at, actor=SYSTEM)


def _open_ones(visit: Appointment) -> sa.Select[uuid.UUID]:
    same = Task.thread_id == visit.thread_id if visit.thread_id is not None else Task.order_id == visit.order_id
    where = same if visit.thread_id is not None or visit.order_id is not None else sa.false()
    of_ours = Task.task_type == TaskType.SCHEDULE_VISIT, Task.created_by_user_id.is_(None)
    return sa.select(Task.id).where(where, *of_ours, Task.status.in_((TaskStatus.OPEN, TaskStatus.IN_PROGRESS))).order_by(Task.id)
