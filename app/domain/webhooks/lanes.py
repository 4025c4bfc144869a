"""Threads (lanes) of a worker that wait for slow receivers, so that the worker itself can continue.

A lane delivers to one endpoint, some rows at a time, in sequence. An endpoint has few lanes in a process, so that an
endpoint that hangs blocks few threads. If there is no room for a row, it is left and enqueued again later. The rows in the
database are the source of truth, so nothing is lost when a process ends.
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil

from flask import Flask

from app.core.log import get_logger

THREADS = 12
LANES_PER_ENDPOINT = 2
MOST_WAITING = 200  # rows of one endpoint in this process
MOST_AT_ONCE = 25  # of them that a lane holds
log = get_logger(__name__)


class Lanes:
    """The lanes of one process. They call `deliver` with ids of some deliveries of one endpoint, in an application context."""

    def __init__(self, deliver: Callable[[Sequence[uuid.UUID]], None], *, threads: int = THREADS) -> None:
        self._deliver, self._threads = deliver, threads
        self._pool: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()
        self._waiting: dict[uuid.UUID, deque[uuid.UUID]] = {}
        self._lanes: dict[uuid.UUID, int] = {}

    def take(self, app: Flask, endpoint_id: uuid.UUID, row_ids: Sequence[uuid.UUID]) -> None:
        """Deliver these rows soon, in order. If there is no room for a row, it is dropped here and enqueued again later."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="callbacks")
            waiting = self._waiting.setdefault(endpoint_id, deque())
            waiting.extend(row_id for row_id in row_ids[: MOST_WAITING - len(waiting)] if row_id not in waiting)
            wanted = min(LANES_PER_ENDPOINT - self._lanes.get(endpoint_id, 0), len(waiting), self._free())
            self._lanes[endpoint_id] = self._lanes.get(endpoint_id, 0) + max(wanted, 0)
            pool = self._pool
            if not self._lanes[endpoint_id]:
                del self._lanes[endpoint_id], self._waiting[endpoint_id]
        for _ in range(wanted):
            pool.submit(self._run, app, endpoint_id)

    def _free(self) -> int:
        return self._threads - sum(self._lanes.values())

    def _run(self, app: Flask, endpoint_id: uuid.UUID) -> None:
        while row_ids := self._next(endpoint_id):
            try:
                with app.app_context():
                    self._deliver(row_ids)
            except Exception:  # the database went away, most likely: the rows' leases end, and they are hinted again
                log.exception("callbacks_not_delivered", delivery_ids=[str(row_id) for row_id in row_ids])

    def _next(self, endpoint_id: uuid.UUID) -> list[uuid.UUID]:
        """Return the ids of waiting rows that this lane takes next. An empty list means that the lane ends."""
        with self._lock:
            waiting = self._waiting.get(endpoint_id)
            if waiting:
                share = ceil(len(waiting) / self._lanes[endpoint_id])
                return [waiting.popleft() for _ in range(min(share, MOST_AT_ONCE))]
            self._lanes[endpoint_id] -= 1
            if not self._lanes[endpoint_id]:
                del self._lanes[endpoint_id]
                self._waiting.pop(endpoint_id, None)
            return []
