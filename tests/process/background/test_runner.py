"""A worker keeps no connections that it does not use: each keeps a process of PostgreSQL in memory."""

from __future__ import annotations

import time

import sqlalchemy as sa
from flask import Flask
from rq import Queue

from app.core.db import db
from app.core.runtime import runtime
from app.process.background import runner


def test_connections_that_nobody_uses_are_closed_now_and_then(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        valkey = runtime().redis
        worker = runner.AppWorker([Queue("idle", connection=valkey)], connection=valkey)
        worker.app = fresh_app
        with db.engine.connect() as one, db.engine.connect() as other:
            assert one.execute(sa.select(1)).scalar_one() == other.execute(sa.select(1)).scalar_one()

        worker.closed_at = time.monotonic()
        worker.heartbeat()
        assert _kept() == 2
        worker.closed_at -= runner.KEEP_SECONDS
        worker.heartbeat()
        assert _kept() == 0


def test_job_that_is_done_leaves_nothing_behind(fresh_app: Flask) -> None:
    """So whoever hands it out again is not told that it is there."""
    with fresh_app.app_context():
        valkey = runtime().redis
        queue = Queue("forgetful", connection=valkey, serializer="json")
        worker = runner.AppWorker([queue], connection=valkey, serializer="json")
        worker.app = fresh_app
        before = set(valkey.scan_iter())
        for _time in range(2):
            queue.enqueue("app.core.clock.utc_now", job_id="once", unique=True, result_ttl=0, failure_ttl=60)
            assert worker.work(burst=True, logging_level="WARNING")
        kept = {key for key in valkey.scan_iter() if key not in before}
        assert kept <= {b"rq:queues", b"rq:clean_registries:forgetful", worker.key.encode()}


def test_job_that_fails_is_kept_for_a_look(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        valkey = runtime().redis
        queue = Queue("failing", connection=valkey, serializer="json")
        worker = runner.AppWorker([queue], connection=valkey, serializer="json")
        worker.app = fresh_app
        queue.enqueue("app.core.clock.nothing_of_this_name", job_id="fails", result_ttl=0, failure_ttl=60)
        worker.work(burst=True, logging_level="CRITICAL")
        assert queue.failed_job_registry.get_job_ids() == ["fails"]
        assert not queue.started_job_registry.get_job_ids()


def _kept() -> int:
    pool = db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    return pool.checkedin()
