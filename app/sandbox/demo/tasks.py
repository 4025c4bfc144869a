"""Make tasks of a demo company: for recent threads, with various assignees, states and due dates."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.tasks.due import due_instant
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.models import Priority, Thread
from app.sandbox.demo.company import Tasks

TASKS: Tasks = (
    ("Klant terugbellen over de offerte", TaskType.CALLBACK, TaskStatus.OPEN, 0),
    ("Onderdeel bestellen bij Alfen", TaskType.FOLLOW_UP, TaskStatus.WAITING, 3),
    ("Schouw inplannen", TaskType.SCHEDULE_VISIT, TaskStatus.OPEN, 1),
    ("Factuur laten aanpassen", TaskType.FOLLOW_UP, TaskStatus.IN_PROGRESS, 0),
    ("Opleverdocument nasturen", TaskType.DOCUMENTATION, TaskStatus.OPEN, 2),
    ("Foto's van de meterkast opvragen", TaskType.SEND_EMAIL, TaskStatus.COMPLETED, -1),
    ("Monteur vragen naar de storing", TaskType.RESEARCH, TaskStatus.IN_PROGRESS, 1),
    ("Korting laten goedkeuren", TaskType.APPROVAL_REQUEST, TaskStatus.WAITING, 4),
    ("Call back about the delivery date", TaskType.CALLBACK, TaskStatus.OPEN, -2),
    ("Subsidie uitzoeken voor de VvE", TaskType.RESEARCH, TaskStatus.OPEN, 6),
    ("Ruilkabel versturen", TaskType.OTHER, TaskStatus.COMPLETED, -3),
    ("Nieuwe afspraak bevestigen", TaskType.SCHEDULE_VISIT, TaskStatus.OPEN, 9),
)
TIMES = (None, time(9), time(11, 30), time(15))


def make_tasks(
    session: Session, dice: random.Random, *, tasks: Tasks, user_ids: Sequence[uuid.UUID], zone: str, now: datetime
) -> None:
    """Make each of the `tasks` once: for one of the newest assigned threads, with the thread's assignee."""
    newest = sa.select(Thread).where(Thread.assignee_user_id.in_(user_ids)).order_by(Thread.last_message_at.desc(), Thread.id)
    threads = session.scalars(newest.limit(len(tasks))).all()
    today = now.astimezone(ZoneInfo(zone)).date()
    for thread, (title, task_type, status, days) in zip(threads, tasks, strict=True):
        due_date, due_time = today + timedelta(days=days), dice.choice(TIMES)
        session.add(
            Task(
                id=new_id(),
                brand_id=thread.brand_id,
                thread_id=thread.id,
                title=title,
                task_type=task_type,
                status=status,
                priority=dice.choice((Priority.NORMAL, Priority.NORMAL, Priority.HIGH)),
                assignee_user_id=thread.assignee_user_id,
                created_by_user_id=thread.assignee_user_id,
                due_date=due_date,
                due_time=due_time,
                due_at=due_instant(due_date, due_time, zone),
                completed_at=now - timedelta(days=1) if status is TaskStatus.COMPLETED else None,
                created_at=now - timedelta(days=4),
                updated_at=now - timedelta(days=1),
            )
        )
