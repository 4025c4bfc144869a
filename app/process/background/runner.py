"""Run the processes behind the web (`worker.py`): RQ workers and the scheduler.

Related modules: `domain/events/relay.py` enqueues jobs, `process/background/schedule.py` lists the periodic ones. Stopping
or killing any of these processes at any moment loses nothing, because the work to do is stored in rows of the database.
"""

from __future__ import annotations

import gc
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module

import redis
from flask import Flask
from redis.client import Pipeline
from rq import Queue, SimpleWorker
from rq.job import Job
from rq.registry import StartedJobRegistry

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.db import close_idle_connections, transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.domain.notifications.jobs import make_push_key
from app.domain.partners.restored import begin_after_restore
from app.process.background.forks import Family
from app.process.background.priority import stand_behind
from app.process.background.schedule import periodic_jobs
from app.process.background.scheduler import run_scheduler
from app.wiring import LIVE, SEND, sources

WORKER_TTL_SECONDS = 30  # a worker without work says that it is there twice as often
KEEP_SECONDS = 30.0
MAX_JOBS = 20_000
RUNNERS: dict[str, Callable[[Flask], None]] = {
    "live": lambda app: run_worker(app, (LIVE,)),
    "send": lambda app: run_worker(app, (SEND, LIVE)),
    "scheduler": lambda app: run_scheduler(app),
}
EVERYTHING = ("live", "send", "send", "scheduler")
log = get_logger(__name__)
_prepared: list[Flask] = []


def main(arguments: Sequence[str]) -> int:
    """Run the process of the kind that `arguments` name. If they name several kinds, or none (all kinds), fork a process for
    each.

    Returns the exit status when the process is told to stop.
    """
    kinds = tuple(arguments) or EVERYTHING
    if not set(kinds) <= set(RUNNERS):
        sys.stderr.write(f"usage: worker.py [{'|'.join(RUNNERS)}]…\n")
        return 2
    if len(kinds) == 1:
        run(kinds[0])
        return 0
    prepare()
    kind = Family(kinds).run()
    if kind:
        run(kind)
    return 0


def prepare() -> None:
    """Make the application and import what jobs need, before the processes are forked from this one.

    Opens no connection and starts no thread. Raises SettingError.
    """
    for path in {source.job for source in sources()} | {job.job for job in periodic_jobs(Settings())}:
        import_module(path.rpartition(".")[0])
    _prepared.append(create_app())
    gc.collect()
    gc.freeze()  # a collector that walks over what was made here would give each process a copy of its own


def run(kind: str) -> None:
    """Run a process of this kind until it gets a signal to stop."""
    app = _prepared[0] if _prepared else create_app()
    with app.app_context():
        stand_behind(runtime().settings.worker_nice)
        with transaction() as session:  # before anything is sent
            begin_after_restore(session, now=utc_now())
        if kind == "scheduler":
            make_push_key()
        RUNNERS[kind](app)


class AppWorker(SimpleWorker):
    """A worker that runs each job inside a fresh application context, so that no job sees the database session of another job.

    Every `KEEP_SECONDS` it closes the connections that are idle at that time. Each of them keeps a process of PostgreSQL in
    memory, and after a burst of callbacks a dozen would stay.
    """

    app: Flask
    closed_at = 0.0  # monotonic seconds

    def execute_job(self, job: Job, queue: Queue) -> None:
        with self.app.app_context():
            super().execute_job(job, queue)

    def handle_execution_ended(self, job: Job, queue: Queue, heartbeat_ttl: int) -> None:
        job.ended_at = utc_now()  # it is forgotten or kept as failed next, and needs no more time

    def handle_job_success(self, job: Job, queue: Queue, started_job_registry: StartedJobRegistry) -> None:
        """Delete the finished job in one round trip to Redis.

        RQ's own method also looks in each registry for jobs that wait for this one, and for its result. This takes longer
        than most jobs. It is not needed: no job of ours waits for another one or has a result (tests/process/background).
        """
        with self.connection.pipeline() as pipeline:
            self.cleanup_execution(job, pipeline=pipeline)
            pipeline.delete(job.key)
            pipeline.execute()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        super().heartbeat(timeout, pipeline)
        if time.monotonic() - self.closed_at >= KEEP_SECONDS:
            self.closed_at = time.monotonic()
            with self.app.app_context():
                close_idle_connections()


def run_worker(app: Flask, queues: Sequence[str]) -> None:
    """Run jobs from `queues` until the process gets a signal to stop. A queue is read only if those before it are empty."""
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
