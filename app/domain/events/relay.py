"""The relay: turn due rows (outbox entries, deliveries and all other promises) into RQ jobs.

The rows in PostgreSQL are the promises. A job is only a hint: it names one row, or several rows if they are many and quick
to process. The relay looks for due rows when it is nudged, and at least every POLL_SECONDS. It repeats a hint if the row
still waits after `sweep_seconds`, so that an emptied Redis, a killed worker or a lost nudge only costs time.

Two relays at the same time are harmless: they hint rows with SKIP LOCKED, and a repeated job finds that its row is claimed
already.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from typing import Any

import redis
import sqlalchemy as sa
from rq import Queue

from app.core.crash import crash_point
from app.core.db import transaction
from app.core.log import get_logger
from app.core.prepared import KEPT
from app.core.work import due_rows, hinting, take_hints

POLL_SECONDS = 0.5
JOB_TIMEOUT_SECONDS = 120
BATCH = 500
FLOOD_ROWS = 12  # of one round; from here on a pause of a source is as long as it gets
log = get_logger(__name__)


@dataclass(frozen=True)
class Source:
    """A table of promises (rows of work to do), with the job that processes its rows and the queue of that job.

    If `most` is 1, a job gets one `row_id`, otherwise `row_ids` of about `most` rows. If only few rows are due, they are
    spread over `over` jobs. Rows with the same value in the column `together` go into the same job. `is_first`: jobs go to
    the front of the queue. `every_seconds`: the pause between two rounds. `full_pause_rows`: after a round of fewer rows, the
    pause is shorter in proportion. `at_once`: the rows taken in one round. `where`: returns a condition that limits the rows.
    `part`: the name of this source's share, used if several sources watch the same table.
    """

    table: sa.Table
    job: str
    queue: str
    where: Callable[[], sa.ColumnElement[bool]] | None = None
    most: int = 1
    over: int = 3
    together: str | None = None
    is_first: bool = False
    every_seconds: float = 0.0
    full_pause_rows: int = FLOOD_ROWS
    at_once: int = BATCH
    part: str = ""

    @property
    def name(self) -> str:
        return f"{self.table.name}_{self.part}" if self.part else self.table.name

    def pause_after(self, rows: int) -> float:
        """Return the pause in seconds after a round of `rows` rows."""
        return self.every_seconds * min(1.0, rows / self.full_pause_rows)


Rounds = MutableMapping[Source, float]
"""From when on each source may be handed out again, by the monotonic clock."""


def relay_once(sources: tuple[Source, ...], *, connection: redis.Redis, sweep_seconds: int, rounds: Rounds | None = None) -> int:
    """Enqueue jobs for all due rows that were not hinted recently, and return the number of jobs.

    `rounds` maps each source to the time from which on it may be handed out again, in seconds of the monotonic clock. The caller
    passes the same mapping at each call.
    """
    rounds, now, enqueued = {} if rounds is None else rounds, time.monotonic(), 0
    for source in _with_due_rows(sources, sweep_seconds):
        if now >= rounds.get(source, -math.inf):
            jobs, rows = _relay_source(source, connection, sweep_seconds)
            rounds[source] = now + source.pause_after(rows)
            enqueued += jobs
    return enqueued


def _with_due_rows(sources: tuple[Source, ...], sweep_seconds: int) -> list[Source]:
    """Return the sources that have due rows. It is one query for all sources, because most of the time no source has any."""
    with transaction() as session:
        found = session.execute(_look(sources, sweep_seconds)).one()
    return [source for source, is_due in zip(sources, found, strict=True) if is_due]


@lru_cache(maxsize=8)
def _look(sources: tuple[Source, ...], sweep_seconds: int) -> sa.Select[*tuple[Any, ...]]:
    """Return a query with one boolean column per source. The value is True if the table of the source has due rows."""
    looks = [
        due_rows(source.table, sweep_seconds=sweep_seconds, limit=1, where=_limits(source)).scalar_subquery().is_not(None)
        for source in sources
    ]
    return sa.select(*(look.label(f"source_{n}") for n, look in enumerate(looks))).execution_options(**KEPT)


@lru_cache(maxsize=256)
def _hinting(source: Source, sweep_seconds: int) -> sa.Update:
    also = [source.together] if source.together else []
    return hinting(source.table, sweep_seconds=sweep_seconds, limit=source.at_once, where=_limits(source), also=also)


def _limits(source: Source) -> sa.ColumnElement[bool] | None:
    return source.where() if source.where else None


def _relay_source(source: Source, connection: redis.Redis, sweep_seconds: int) -> tuple[int, int]:
    """Enqueue jobs for the due rows of one source. Return the numbers of jobs and of rows."""
    queue = Queue(source.queue, connection=connection, serializer="json")
    job_ids = queue.get_job_ids()
    if source.most > 1 and sum(job_id.startswith(f"{source.name}-") for job_id in job_ids) >= source.over * 2:
        return 0, source.full_pause_rows  # the workers have enough; what comes meanwhile makes fuller jobs
    with transaction() as session:
        hints = take_hints(session, _hinting(source, sweep_seconds))
    if not hints:
        return 0, 0
    crash_point("relay.after_hint")
    # A row that waits in a long queue is hinted again and again; without this look the queue would grow by all of it each time.
    waiting = {name for job_id in job_ids for name in _names_in(job_id)}
    jobs = [_job(source, rows) for rows in _shares(source, [row for row in hints if _name(source, row) not in waiting])]
    if jobs:
        queue.enqueue_many(jobs)
    crash_point("relay.after_enqueue")
    return len(jobs), len(hints)


def _shares(source: Source, rows: list[Any]) -> Iterator[list[Any]]:
    """Yield the rows for each job, in their order. Rows with the same `together` value stay in one job."""
    size = min(source.most, math.ceil(len(rows) / source.over))
    share: list[Any] = []
    for _value, group in groupby(rows, key=lambda row: getattr(row, source.together) if source.together else row.id):
        share += group
        if len(share) >= size:
            yield share
            share = []
    if share:
        yield share


def _name(source: Source, row: Any) -> str:
    return f"{source.name}-{row.id}-{row.attempts}"


def _names_in(job_id: str) -> list[str]:
    """Return the names of the rows in a job's id: "source-1-0--2-0" gives "source-1-0" and "source-2-0"."""
    source, _, first = job_id.partition("-")
    return [f"{source}-{row}" for row in first.split("--")]


def _job(source: Source, rows: list[Any]) -> Any:
    ids = [str(row.id) for row in rows]
    return Queue.prepare_data(
        source.job,
        kwargs={"row_id": ids[0]} if source.most == 1 else {"row_ids": ids},
        job_id=f"{source.name}-{'--'.join(f'{row.id}-{row.attempts}' for row in rows)}",
        at_front=source.is_first,
        timeout=JOB_TIMEOUT_SECONDS,
        result_ttl=0,
        failure_ttl=3600,
        ttl=3600,
    )
