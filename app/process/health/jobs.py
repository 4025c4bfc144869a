"""Periodic job that watches over the installation and alerts administrators."""

from __future__ import annotations

from typing import Any

import redis
from rq import Worker

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.process.health.actions import note_troubles
from app.process.health.queries import find_storage_fault, find_troubles
from app.wiring import QUEUES


def watch_system(**_ignored: Any) -> int:
    """Notify administrators of the troubles that began and of those that ended. A periodic RQ job.

    Return the number of events that were recorded.
    """
    served, now, fault = _served_queues(), utc_now(), find_storage_fault(runtime().storage)
    with transaction() as session:
        troubles = find_troubles(session, now=now, queues=QUEUES, served=served, storage_fault=fault)
        return note_troubles(session, troubles, now=now)


def _served_queues() -> set[str] | None:
    """Return the names of the queues from which a living worker takes jobs. Return None if Redis does not answer."""
    try:
        workers = Worker.all(connection=runtime().redis)
    except redis.RedisError:
        return None
    return {name for worker in workers for name in worker.queue_names()}
