"""Recompute running clocks after a change of calendars or policies, in batches.

Until its batch comes, a thread has its old clocks, which are explained with their old versions. Any event of the thread
updates its clocks at once, and the batch then finds nothing to change.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.promises import Ended, More, Overtaken
from app.core.work import READY, Lease
from app.domain.events.actions import Actor, Subject, record
from app.domain.sla.models import SlaClock, SlaRecompute
from app.domain.sla.update_clocks import settle_threads
from app.domain.threads.models import Thread

TABLE = table_of(SlaRecompute)
BATCH = 200
BECAUSE = "RulesChanged"


def ask_for_recompute(session: Session, *, what: str, now: datetime, actor: Actor) -> uuid.UUID:
    """Queue a recompute of all running clocks, and return the id of its row. `what` is the name of the calendar or policy that
    changed."""
    row = SlaRecompute(
        id=new_id(), changed_at=now, what=what, user_id=actor.user_id, total=_count_running(session), created_at=now, state=READY
    )
    row.attempts = row.done = row.changed = 0
    row.is_backfill = False
    session.add(row)
    session.flush()
    return row.id


def _count_running(session: Session) -> int:
    running = sa.select(sa.func.count(sa.distinct(SlaClock.thread_id))).where(SlaClock.ended_at.is_(None))
    return session.execute(running).scalar_one()


def run_batch(session: Session, lease: Lease, *, now: datetime, limit: int = BATCH) -> Ended | More:
    """Recompute the clocks of the next threads. Return `Ended` if no thread is left, else `More`. Raises `Overtaken` if the
    lease is lost."""
    row = session.get_one(SlaRecompute, lease.row_id, populate_existing=True)
    if row.lease_token != lease.token:
        raise Overtaken
    ids = _next_ids(session, row, limit)
    if not ids:
        _note(session, row, now=now)
        return Ended({"ended_at": now})
    threads = lock_threads(session, ids)
    if row.is_backfill:
        session.execute(_ASK_OPEN, {"thread_ids": ids})
    row.changed += settle_threads(session, threads, now=now, because=BECAUSE, changed_at=row.changed_at)
    row.done, row.cursor = row.done + len(ids), ids[-1]
    session.flush()
    _note(session, row, now=now)
    return More()


def lock_threads(session: Session, ids: Sequence[uuid.UUID]) -> Sequence[Thread]:
    """Return these threads, locked in the order of their ids."""
    query = sa.select(Thread).where(Thread.id.in_(ids)).order_by(Thread.id)
    return session.execute(query.with_for_update().execution_options(populate_existing=True)).scalars().all()


def _next_ids(session: Session, row: SlaRecompute, limit: int) -> list[uuid.UUID]:
    key = Thread.id if row.is_backfill else SlaClock.thread_id
    query = sa.select(key).where(sa.and_(Thread.is_open) if row.is_backfill else SlaClock.ended_at.is_(None))
    if row.cursor is not None:
        query = query.where(key > row.cursor)
    return list(session.execute(query.distinct().order_by(key).limit(limit)).scalars())


def _note(session: Session, row: SlaRecompute, *, now: datetime) -> None:
    payload = {"recompute_id": str(row.id), "user_id": str(row.user_id) if row.user_id else None}
    record(session, "SlaRecomputeAdvanced", subject=Subject(), now=now, payload=payload)


# What somebody asked in the last days, before there were clocks, and nobody has answered: the first such message of each thread.
_ASK_OPEN = sa.text(
    "INSERT INTO sla_facts (id, thread_id, at, kind, value, message_id, because)"
    " SELECT gen_random_uuid(), t.id, date_trunc('second', q.occurred_at), 'asked', '', q.id, 'backfill' FROM threads t"
    " CROSS JOIN LATERAL (SELECT m.id, m.occurred_at FROM messages m WHERE m.thread_id = t.id AND m.message_type = 'incoming'"
    "  AND m.automatic IS NULL AND m.occurred_at > now() - interval '3 days'"
    "  AND m.occurred_at > coalesce((SELECT max(a.occurred_at) FROM messages a WHERE a.thread_id = t.id"
    "   AND a.message_type = 'outgoing' AND a.automatic IS NULL), '-infinity') ORDER BY m.occurred_at, m.id LIMIT 1) q"
    " WHERE t.id = ANY (:thread_ids) AND t.is_open AND t.status NOT IN ('waiting_customer')"
    " AND NOT EXISTS (SELECT FROM sla_facts f WHERE f.thread_id = t.id)"
)
