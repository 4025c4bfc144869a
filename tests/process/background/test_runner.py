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


def _kept() -> int:
    pool = db.engine.pool
    assert isinstance(pool, sa.QueuePool)
    return pool.checkedin()
