"""`python -m bench.clocks`: what a tick of the escalation sweep, a list by due time and a recompute cost at many open threads.

--threads N       how many, all open and each with a running clock (default 1000000)
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import generate_key
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.work import claim
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Role
from app.domain.events.actions import SYSTEM
from app.domain.sla.escalation import reach_due_steps
from app.domain.sla.jobs import BATCH
from app.domain.sla.recompute import BATCH as RECOMPUTE_BATCH
from app.domain.sla.recompute import TABLE, ask_for_recompute, run_batch
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.sorting import ListSort
from bench.live import percentile
from tests.support.database import running_servers

LIMIT_MS = 50.0
TICKS = 200
BRANDS = 5
SPACING = timedelta(milliseconds=100)  # between the due times of two threads
RECOMPUTE_SECONDS = 30
FILL = (
    "CREATE TEMP TABLE brand_ids AS SELECT gen_random_uuid() AS id, n AS place FROM generate_series(1, {brands}) n",
    "INSERT INTO brands (id, key, name, hue, email_signature) SELECT id, 'b' || place, 'B' || place, 0, '' FROM brand_ids",
    "INSERT INTO threads (id, subject, thread_type, priority, status, brand_id, medium, created_at, last_message_at, preview,"
    " tags, external_references, message_count, version, response_due_at) SELECT gen_random_uuid(), 'Vraag ' || n,"
    " 'customer_support', 'normal', 'open', b.id, 'email', now(), now() - n * interval '1 second', '', '{{}}', '{{}}', 1, 1,"
    " CAST('{first_due}' AS timestamptz) + n * interval '{spacing}'"
    " FROM generate_series(1, {threads}) n JOIN brand_ids b ON b.place = 1 + n % {brands}",
    "INSERT INTO sla_clocks (id, thread_id, kind, started_at, target_seconds, due_at, outcome, paused_for, policy_version_id,"
    " calendar_version_id, next_step_at) SELECT gen_random_uuid(), t.id, 'first_response', date_trunc('second', now()), 14400,"
    " t.response_due_at, 'running', '', (SELECT id FROM policy_versions LIMIT 1), (SELECT id FROM calendar_versions LIMIT 1),"
    " t.response_due_at FROM threads t",
    "INSERT INTO sla_facts (id, thread_id, at, kind, value, because, policy_version_id, calendar_version_id)"
    " SELECT gen_random_uuid(), t.id, date_trunc('second', now()), k.kind, '', '', k.policy, k.calendar FROM threads t"
    " CROSS JOIN (SELECT 'asked' AS kind, NULL::uuid AS policy, NULL::uuid AS calendar"
    " UNION ALL SELECT 'terms', (SELECT id FROM policy_versions LIMIT 1), (SELECT id FROM calendar_versions LIMIT 1)) k",
    "DELETE FROM sla_recomputes",
)


def main() -> int:
    """Fill, measure, print; 1 if a tick takes too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1_000_000)
    threads = parser.parse_args().threads
    with running_servers() as servers, tempfile.TemporaryDirectory() as folder:
        _name, url = servers.new_database()
        settings = Settings(data_dir=Path(folder), database_url=url, redis_url=servers.redis_url, secret_key="bench" * 8)
        app = create_app(replace(settings, encryption_keys=generate_key(), storage_url=f"file://{folder}/storage"))
        with app.app_context():
            first_due = utc_now() + timedelta(hours=1)
            _fill(threads, first_due)
            print(f"{threads} open threads")
            ticks = {
                "nothing": _ticks(utc_now(), step=timedelta()),
                "one thread": _ticks(first_due, step=SPACING),
                f"a backlog, {BATCH} threads each": _ticks(first_due + timedelta(minutes=10), step=timedelta(), ticks=TICKS // 4),
            }
            for due, times in ticks.items():
                print(f"  a tick of the sweep with {due} due: {_words(times)}")
            print(f"  a list in the order of what is due: {_words(_lists())}")
            print(f"  a recompute after a change of the calendar: {_recompute():.0f} threads a second")
        return int(any(percentile(times, 0.95) > LIMIT_MS for times in ticks.values()))


def _fill(threads: int, first_due: datetime) -> None:
    with transaction() as session:
        session.execute(sa.text("SET LOCAL statement_timeout = 0"))
        for statement in FILL:
            session.execute(sa.text(statement.format(brands=BRANDS, threads=threads, first_due=first_due, spacing=SPACING)))
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("VACUUM ANALYZE threads, sla_clocks, sla_facts"))
        connection.execute(sa.text("CHECKPOINT"))


def _ticks(now: datetime, *, step: timedelta, ticks: int = TICKS) -> list[float]:
    """How long each tick takes, in ms."""
    found = []
    for _tick in range(ticks):
        now += step
        began = time.perf_counter()
        with transaction() as session:
            reach_due_steps(session, now=now, limit=BATCH)
        found.append((time.perf_counter() - began) * 1000)
    return found


def _lists() -> list[float]:
    session = db.session()
    brands = tuple(session.execute(sa.text("SELECT id FROM brands")).scalars())
    viewer = Viewer(new_id(), new_id(), "Bench", "bench@switchyard.example", Role.ADMIN, brands)
    found = []
    for _page in range(TICKS):
        began = time.perf_counter()
        list_threads(session, viewer=viewer, filter=ThreadFilter(), sort=ListSort.DUE, limit=30)
        session.commit()
        found.append((time.perf_counter() - began) * 1000)
    return found


def _recompute() -> float:
    """How many threads a second a recompute brings in step, beside nothing else; looked at for RECOMPUTE_SECONDS."""
    with transaction() as session:
        row_id = ask_for_recompute(session, what="Bench", now=utc_now(), actor=SYSTEM)
    began, batches = time.perf_counter(), 0
    with transaction() as session:
        lease = claim(session, TABLE, row_id, lease_seconds=10 * RECOMPUTE_SECONDS)
    assert lease is not None
    more = True
    while more and time.perf_counter() < began + RECOMPUTE_SECONDS:
        with transaction() as session:
            more = run_batch(session, lease, now=utc_now())
        batches += 1
    return batches * RECOMPUTE_BATCH / (time.perf_counter() - began)


def _words(times: list[float]) -> str:
    return f"p50 {percentile(times, 0.5):.1f} ms, p95 {percentile(times, 0.95):.1f} ms, most {max(times):.1f} ms"


if __name__ == "__main__":
    sys.exit(main())
