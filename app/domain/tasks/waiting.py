"""Update `threads.waiting_for` from the open tasks of a thread that make it wait.

Every writer locks the thread before any of its tasks.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.tasks.models import OPEN_STATUSES, Task
from app.domain.threads.actions import bring_back, lock_thread, subject_of

SHOWN_CHARACTERS = 120


def lock_threads(session: Session, thread_ids: Iterable[uuid.UUID | None]) -> None:
    """Lock these threads until the transaction ends, in the order of their ids."""
    for thread_id in sorted({found for found in thread_ids if found is not None}):
        lock_thread(session, thread_id)


def settle_waiting(session: Session, thread_id: uuid.UUID, *, now: datetime, actor: Actor, is_done: bool = False) -> None:
    """Store what the thread waits for now.

    `is_done`: a task was completed. If the thread then waits for nothing any more, it comes back as new work.
    """
    thread = lock_thread(session, thread_id)
    former, wanted = thread.waiting_for, _waiting_for(session, thread.id)
    if former == wanted:
        return
    thread.waiting_for = wanted
    thread.version += 1
    session.flush()
    if wanted is not None:
        record(session, "WaitBegan", subject=subject_of(thread), now=now, actor=actor, payload={"for": wanted})
        return
    record(session, "WaitEnded", subject=subject_of(thread), now=now, actor=actor, payload={"for": former, "is_done": is_done})
    if is_done:
        bring_back(session, thread, now=now, actor=actor)


def _waiting_for(session: Session, thread_id: uuid.UUID) -> str | None:
    """Return as one text what the thread waits for because of its open tasks, the oldest task first. Return None if it waits
    for nothing."""
    blocking = sa.and_(Task.thread_id == thread_id, Task.waiting_for != "", Task.status.in_(OPEN_STATUSES))
    found = session.execute(sa.select(Task.waiting_for).where(blocking).order_by(Task.created_at, Task.id)).scalars()
    words = ", ".join(dict.fromkeys(found))
    return (words if len(words) <= SHOWN_CHARACTERS else words[: SHOWN_CHARACTERS - 1].rstrip() + "…") or None
