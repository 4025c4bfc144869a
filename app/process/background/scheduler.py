"""Run the scheduler process: the relay, and periodic jobs by the clock.

Two schedulers at once are harmless: the relay skips locked rows, and the id of a periodic job is its time slot.
"""

from __future__ import annotations

import signal
import time
from threading import Event as Flag

import redis
from flask import Flask
from rq import Queue
from rq.exceptions import DuplicateJobError
from sqlalchemy.exc import DBAPIError

from app.core.db import db
from app.core.log import get_logger
from app.core.nudge import wait_for_nudge
from app.core.runtime import runtime
from app.domain.events.relay import POLL_SECONDS, Rounds, relay_once
from app.process.background.schedule import Periodic, periodic_jobs
from app.wiring import sources

PAUSE_SECONDS = 0.03  # between two looks; under a flood each look finds many rows instead of one
REST = 3  # times as long as the look took, so that the relay of a flood leaves the machine to the work
log = get_logger(__name__)


def run_scheduler(_app: Flask) -> None:
    """Run the relay and enqueue periodic jobs until SIGTERM or SIGINT."""
    stopping = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    connection = redis.Redis.from_url(runtime().settings.redis_url, socket_connect_timeout=1, socket_timeout=5)
    jobs = dict.fromkeys(periodic_jobs(runtime().settings), 0.0)
    rounds: Rounds = {}
    while not stopping.is_set():
        _wait(connection, stopping)
        began = time.monotonic()
        _relay(connection, stopping, rounds)
        _tick(jobs, connection)
        stopping.wait(max(PAUSE_SECONDS, min(0.5, REST * (time.monotonic() - began))))


def _wait(connection: redis.Redis, stopping: Flag) -> None:
    try:
        wait_for_nudge(connection, timeout_seconds=POLL_SECONDS)
    except redis.RedisError:
        stopping.wait(POLL_SECONDS)


def _relay(connection: redis.Redis, stopping: Flag, rounds: Rounds) -> None:
    try:
        relay_once(sources(), connection=connection, sweep_seconds=runtime().settings.sweep_seconds, rounds=rounds)
    except (redis.RedisError, DBAPIError) as error:
        log.warning("relay_failed", error=type(error).__name__)
        stopping.wait(POLL_SECONDS)
    finally:
        db.session.remove()


def _tick(jobs: dict[Periodic, float], connection: redis.Redis) -> None:
    now = time.monotonic()
    for job, last in jobs.items():
        if now - last >= job.every_seconds:
            jobs[job] = now
            _enqueue(job, connection)


def _enqueue(job: Periodic, connection: redis.Redis) -> None:
    slot = int(time.time() // job.every_seconds)
    try:
        queue = Queue(job.queue, connection=connection, serializer="json")
        queue.enqueue(job.job, job_id=f"{job.name}-{slot}", unique=True, job_timeout=300, result_ttl=0, failure_ttl=3600, ttl=600)
    except DuplicateJobError:
        pass
    except redis.RedisError as error:
        log.warning("periodic_job_not_enqueued", job=job.name, error=type(error).__name__)
