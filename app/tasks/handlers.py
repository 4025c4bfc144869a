"""What happens to tasks when something happens to their thread. Called in the transaction of the change, see app/wiring.py."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.events.models import Event
from app.tasks.models import Task


def move_tasks_of_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`: tasks of the thread that goes belong to the one that stays."""
    gone = uuid.UUID(event.payload["merged_thread_id"])
    statement = sa.update(Task).where(Task.thread_id == gone).values(thread_id=event.thread_id, brand_id=event.brand_id)
    session.execute(statement.execution_options(synchronize_session=False))
