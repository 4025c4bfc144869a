"""Watch and unwatch a thread. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, record
from app.domain.threads.actions import lock_thread, subject_of
from app.domain.threads.mentions import add_watchers
from app.domain.threads.models import Thread
from app.domain.threads.people_models import ThreadWatcher


def set_watching(
    session: Session, *, thread_id: uuid.UUID, user_id: uuid.UUID, is_watching: bool, actor: Actor, now: datetime
) -> Thread:
    """Make a user watch a thread, or stop watching it if `is_watching` is False. A repeat changes nothing. Raises
    ThreadMissing."""
    thread = lock_thread(session, thread_id)
    changed = add_watchers(session, thread.id, [user_id], now=now) if is_watching else _remove(session, thread.id, user_id)
    if changed:
        thread.version += 1
        payload = {"user_id": str(user_id), "is_watching": is_watching}
        record(session, "WatchersChanged", subject=subject_of(thread), now=now, actor=actor, payload=payload)
    return thread


def _remove(session: Session, thread_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    own = sa.and_(ThreadWatcher.thread_id == thread_id, ThreadWatcher.user_id == user_id)
    return bool(session.execute(sa.delete(ThreadWatcher).where(own).returning(ThreadWatcher.user_id)).all())
