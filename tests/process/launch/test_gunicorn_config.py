"""A web worker waits for the database on gevent's loop: others run meanwhile, and an answer that does not come is given up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.config import Settings
from app.process.launch.parts import GUNICORN_CONFIG

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_SECONDS = 60
# In a Python of its own, as gunicorn runs it: one greenlet waits for a lock that another of the same thread has.
PROGRAM = f"""
import json, runpy, sys
runpy.run_path({str(GUNICORN_CONFIG)!r})
import gevent, psycopg
from psycopg import waiting

from app.core.db import LimitedConnection
LimitedConnection.answer_seconds = 0.05

address = sys.argv[1]
with psycopg.connect(address, autocommit=True) as first, psycopg.connect(address, autocommit=True) as second:
    first.execute("SELECT pg_advisory_lock(7)")
    waiter = gevent.spawn(lambda: second.execute("SELECT pg_advisory_lock(7), 'mine'").fetchone()[1])
    gevent.sleep(0)
    try:
        gave_up = LimitedConnection.connect(address, autocommit=True).execute("SELECT pg_advisory_lock(7)").fetchone()
    except psycopg.errors.ConnectionTimeout as error:
        gave_up = str(error)
    first.execute("CREATE TEMP TABLE many (number integer)")
    first.cursor().executemany("INSERT INTO many VALUES (%s)", [(number,) for number in range(3000)])
    (count,) = first.execute("SELECT count(*) FROM many").fetchone()
    (long,) = first.execute("SELECT repeat('x', 3000000)").fetchone()
    first.execute("SELECT pg_advisory_unlock(7)")
    found = [waiting.wait.__name__, waiter.get(), gave_up, count, len(long)]
print(json.dumps(found))
"""


@pytest.mark.processes
def test_one_waits_for_the_database_while_others_ask_it(settings: Settings) -> None:
    address = settings.database_url.replace("postgresql+psycopg://", "postgresql://")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, address],
        cwd=ROOT,
        env=dict(os.environ),
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert json.loads(done.stdout) == ["wait_on_loop", "mine", "the server does not answer", 3000, 3_000_000]
