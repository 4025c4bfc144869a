"""What reports cost while messages come in: the work of an inbound message with and without the marks that reports leave, by
turns in this process; how much is worked off later in the background; and how long after a change its fact is there."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

import psycopg
import sqlalchemy as sa
from flask import Flask

from app.config import Settings
from app.core.db import transaction
from app.domain.analytics.jobs import settle_reports
from app.domain.events.registry import InTransaction, Together, Wiring, install, installed
from app.domain.ingest.jobs import process_inbound_events
from app.domain.ingest.models import InboundEvent
from bench.doors import Target, signed
from bench.generator import posts_at_rate
from tests.support.live import running_application

EACH, PER_SECOND = 60, 5
SHARE, SEEN_SECONDS, QUIET_SECONDS = 0.05, 2.0, 60.0
_SEEN = """
    SELECT e.thread_id, extract(epoch FROM e.occurred_at)::float FROM report_facts f JOIN events e ON e.thread_id = f.subject_id
    WHERE e.type = 'ThreadCreated' AND f.kind = 1 AND f.removed_at IS NULL
"""


@dataclass(frozen=True)
class Cost:
    """Milliseconds of one message; `marked` and `plain` are medians over rounds of EACH, `share` that of the ratios."""

    plain: float
    marked: float
    share: float
    later: float

    @property
    def row(self) -> tuple[str, str, str, bool]:
        words = (
            f"{100 * self.share:.1f} % ({self.marked:.2f} and {self.plain:.2f} ms; {self.later:.2f} ms later, in the background)"
        )
        return "what facts cost an inbound message", words, f"≤ {100 * SHARE:.0f} %", self.share <= SHARE


def measure_cost(app: Flask, target: Target, *, rounds: int) -> Cost:
    """Both take the same kind of new message from new people, in jobs as full as in a flood."""
    whole = installed()
    pairs, later = [], []
    try:
        for number in range(rounds + 1):
            times = {}
            turns = ((True, whole), (False, _without_reports(whole)))
            for is_marked, wiring in turns if number % 2 else reversed(turns):
                install(wiring)
                times[is_marked] = _processed(app, target)
            install(whole)
            began = time.perf_counter()
            with app.app_context():
                settle_reports()
            if number:  # the first round warms up
                pairs.append((times[True], times[False]))
                later.append(1000 * (time.perf_counter() - began) / EACH)
    finally:
        install(whole)
    share = statistics.median(marked / plain for marked, plain in pairs) - 1
    marked, plain = (statistics.median(one[n] for one in pairs) for n in (0, 1))
    return Cost(plain, marked, share, statistics.median(later))


def _without_reports(wiring: Wiring) -> Wiring:
    kept = {name: tuple(_not_of_reports(reactions)) for name, reactions in wiring.in_transaction.items()}
    return replace(wiring, in_transaction=kept)


def _not_of_reports(reactions: Sequence[InTransaction]) -> Iterator[InTransaction]:
    for one in reactions:
        run: Any = one.run if isinstance(one, Together) else one
        if not run.__module__.startswith("app.domain.analytics"):
            yield one


def _processed(app: Flask, target: Target) -> float:
    """Milliseconds of one message, of EACH that are stored first."""
    client = app.test_client()
    for _ in range(EACH):
        body, headers = signed(target)
        answer = client.post(urlsplit(target.url).path, data=body, headers=headers)
        if answer.status_code != 200:
            raise RuntimeError(f"the door answered {answer.status_code}")
    with app.app_context():
        with transaction() as session:
            waiting = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
            ids = [str(one) for one in session.execute(waiting).scalars()]
        began = time.perf_counter()
        process_inbound_events(row_ids=ids)
        return 1000 * (time.perf_counter() - began) / len(ids)


def measure_seen(settings: Settings, target: Target, *, seconds: int) -> list[float]:
    """Seconds from each new thread until somebody who looks sees that it was received, sorted; with every process at work."""
    database = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    with (
        running_application(settings) as live,
        psycopg.connect(database, autocommit=True) as books,
        ThreadPoolExecutor(1) as pool,
    ):
        door = replace(target, url=live.url + urlsplit(target.url).path)
        known = {row[0] for row in books.execute(_SEEN)}
        posting, seen = pool.submit(posts_at_rate, door, per_second=PER_SECOND, seconds=seconds), dict[Any, float]()
        give_up = time.monotonic() + seconds + QUIET_SECONDS
        while len(seen) < PER_SECOND * seconds:
            for thread_id, began in books.execute(_SEEN).fetchall():
                if thread_id not in known:
                    seen.setdefault(thread_id, time.time() - began)
            if time.monotonic() > give_up:
                raise RuntimeError(f"only {len(seen)} of {PER_SECOND * seconds} threads were counted")
            time.sleep(0.02)
        posting.result()
    return sorted(seen.values())
