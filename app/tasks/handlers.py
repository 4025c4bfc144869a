"""What happens to tasks when something happens to their thread. Called in the transaction of the change, see app/wiring.py."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.core.db import table_of
from app.events.models import Event
from app.inbox.moves import move_rows, parse_move, return_rows
from app.tasks.models import Task

TASKS = table_of(Task)


def move_tasks_of_merged_thread(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `SplitUndone`: tasks of the thread that goes belong to the one that stays."""
    move = parse_move(event)
    if move.gone is not None:
        move_rows(session, TASKS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)


def return_tasks(session: Session, event: Event) -> None:
    """`MergeUndone`: tasks go back to the thread they came from, with what was done to them since."""
    move = parse_move(event)
    return_rows(session, TASKS, move_id=move.id, origin=move.origin, target=move.target)
