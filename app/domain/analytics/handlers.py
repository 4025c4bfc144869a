"""Mark threads, tasks, surveys and orders whose facts must be made anew, in the transaction of each change."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.analytics.kinds import SubjectKind
from app.domain.analytics.settle import mark
from app.domain.events.models import Event
from app.domain.sla.models import SlaClock, SlaRecompute
from app.domain.threads.row_moves import parse_move

ORDER_MOVES = (
    "OrderCreated",
    "OrderStatusChanged",
    "OrderChanged",
    "OrderLinesChanged",
    "OrderLineStatusChanged",
    "OrderRegrouped",
    "OrderPriorityChanged",
)
"""Events after which an order may have another state, price, account or urgency."""


def mark_threads(session: Session, events: Sequence[Event]) -> None:
    """Mark the threads of these events, so that their facts are derived anew."""
    mark(session, SubjectKind.THREAD, (event.thread_id for event in events))


def mark_moved(session: Session, event: Event) -> None:
    """`ThreadsMerged`, `MergeUndone`, `ThreadSplit`, `SplitUndone`: mark all threads that took part in the merge or split."""
    move = parse_move(event)
    ids = {move.thread_id, move.gone, move.other, move.origin, move.target}
    mark(session, SubjectKind.THREAD, sorted(filter(None, ids)))


def mark_task(session: Session, event: Event) -> None:
    """`TaskCreated`, `TaskChanged`, `TaskMoved`, `TaskCompleted`, `TaskReopened`: mark the task."""
    mark(session, SubjectKind.TASK, [uuid.UUID(event.payload["task_id"])])


def mark_survey(session: Session, event: Event) -> None:
    """`SurveySent`, `SurveyAnswered`: mark the survey question."""
    mark(session, SubjectKind.SURVEY, [uuid.UUID(event.payload["invitation_id"])])


def mark_orders(session: Session, events: Sequence[Event]) -> None:
    """Mark the orders of these events. The events changed the status, the lines or the money of an order."""
    mark(session, SubjectKind.ORDER, {uuid.UUID(event.payload["order_id"]) for event in events})


def mark_running(session: Session, event: Event) -> None:
    """`SlaRecomputeAdvanced`: when the recompute is complete, mark all threads with a running clock, because their due times
    may have changed."""
    row = session.get(SlaRecompute, uuid.UUID(event.payload["recompute_id"]))
    if row is not None and row.done >= row.total:
        running = sa.select(SlaClock.thread_id).where(SlaClock.ended_at.is_(None)).distinct()
        mark(session, SubjectKind.THREAD, session.execute(running).scalars())
