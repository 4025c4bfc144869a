"""Turn rows that wait into RQ jobs.

The rows in PostgreSQL are the promises; a job is only a hint that carries a row's id. The relay looks when nudged and at
least every POLL_SECONDS, and gives a hint again when a row is still waiting `sweep_seconds` after the last one, so an emptied
Redis, a killed worker or a lost nudge costs a moment and nothing else. Two relays at once are harmless: hints are taken with
SKIP LOCKED and a repeated job finds the row claimed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import redis
import sqlalchemy as sa
from rq import Queue

from app.core.crash import crash_point
from app.core.db import transaction
from app.core.log import get_logger
from app.core.work import due_rows, take_hints

POLL_SECONDS = 0.5
JOB_TIMEOUT_SECONDS = 120
BATCH = 500
log = get_logger(__name__)


@dataclass(frozen=True)
class Source:
    """A table of promises, the job that keeps one, and the queue it goes to (a function of the row for the outbox)."""

    table: sa.Table
    job: str
    queue: str
    where: Callable[[], sa.ColumnElement[bool]] | None = None


def relay_once(sources: tuple[Source, ...], *, connection: redis.Redis, sweep_seconds: int) -> int:
    """Enqueue a job for every due row that has no fresh hint; return how many."""
    return sum(_relay_source(source, connection, sweep_seconds) for source in _with_due_rows(sources, sweep_seconds))


def _with_due_rows(sources: tuple[Source, ...], sweep_seconds: int) -> list[Source]:
    """Those that have something to hand out. One query for all: most of the time there is nothing anywhere."""
    with transaction() as session:
        found = session.execute(_look(sources, sweep_seconds)).one()
    return [source for source, is_due in zip(sources, found, strict=True) if is_due]


@lru_cache(maxsize=8)
def _look(sources: tuple[Source, ...], sweep_seconds: int) -> sa.Select[*tuple[Any, ...]]:
    """Written once: twice a second that takes longer than to run it."""
    looks = [
        due_rows(source.table, sweep_seconds=sweep_seconds, limit=1, where=_limits(source)).scalar_subquery().is_not(None)
        for source in sources
    ]
    return sa.select(*(look.label(f"source_{n}") for n, look in enumerate(looks)))


def _limits(source: Source) -> sa.ColumnElement[bool] | None:
    return source.where() if source.where else None


def _relay_source(source: Source, connection: redis.Redis, sweep_seconds: int) -> int:
    with transaction() as session:
        hints = take_hints(session, source.table, sweep_seconds=sweep_seconds, limit=BATCH, where=_limits(source))
    if not hints:
        return 0
    crash_point("relay.after_hint")
    queue = Queue(source.queue, connection=connection, serializer="json")
    # A row that waits in a long queue is hinted again and again; without this look the queue would grow by all of it each time.
    waiting = set(queue.get_job_ids())
    jobs = [job for job in (_job(source, row) for row in hints) if job.job_id not in waiting]
    if jobs:
        queue.enqueue_many(jobs)
    crash_point("relay.after_enqueue")
    return len(jobs)


def _job(source: Source, row: Any) -> Any:
    return Queue.prepare_data(
        source.job,
        kwargs={"row_id": str(row.id)},
        job_id=f"{source.table.name}-{row.id}-{row.attempts}",
        timeout=JOB_TIMEOUT_SECONDS,
        result_ttl=0,
        failure_ttl=3600,
        ttl=3600,
    )
