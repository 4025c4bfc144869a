"""The processes behind the web: RQ workers and the scheduler.

Neighbours: `events/relay.py` hands out jobs, `background/schedule.py` lists the periodic ones. Guarantee: stopping or killing
any of them at any moment loses nothing, because what they do is promised by rows.
"""

from __future__ import annotations

import os
import random
import socket
import sys
from collections.abc import Sequence

import redis
from flask import Flask
from rq import Queue, SimpleWorker
from rq.job import Job

from app import create_app
from app.background.scheduler import run_scheduler
from app.core.log import get_logger
from app.core.runtime import runtime
from app.notifications.jobs import make_push_key
from app.wiring import LIVE, SEND

WORKER_TTL_SECONDS = 30
MAX_JOBS = 20_000
log = get_logger(__name__)


def main(arguments: Sequence[str]) -> int:
    """Run the process named by the first argument until it is told to stop; the exit status."""
    kind = arguments[0] if arguments else ""
    runners = {
        "live": lambda app: run_worker(app, (LIVE,)),
        "send": lambda app: run_worker(app, (SEND, LIVE)),
        "scheduler": run_scheduler,
    }
    if kind not in runners:
        sys.stderr.write(f"usage: worker.py {'|'.join(runners)}\n")
        return 2
    app = create_app()
    with app.app_context():
        if kind == "scheduler":
            make_push_key()
        runners[kind](app)
    return 0


class AppWorker(SimpleWorker):
    """Runs each job in this process inside a fresh application context, so no job sees another's database session."""

    app: Flask

    def execute_job(self, job: Job, queue: Queue) -> None:
        with self.app.app_context():
            super().execute_job(job, queue)


def run_worker(app: Flask, queues: Sequence[str]) -> None:
    """Take jobs from `queues`, first to last, until told to stop."""
    connection = redis.Redis.from_url(runtime().settings.redis_url)
    name = f"{socket.gethostname()}-{os.getpid()}-{random.getrandbits(32):08x}"
    worker = AppWorker(
        [Queue(q, connection=connection, serializer="json") for q in queues],
        connection=connection,
        name=name,
        serializer="json",
        worker_ttl=WORKER_TTL_SECONDS,
    )
    worker.app = app
    worker.work(logging_level="WARNING", max_jobs=MAX_JOBS, with_scheduler=False)
