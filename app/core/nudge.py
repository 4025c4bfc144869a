"""Wake the relay when there is work, so that it does not wait for its next poll. Without Redis, the relay finds the work by
polling.

One background thread (a greenlet in the web tier) sends the nudges. So a request never waits for Redis, and many changes at
about the same time cost one message.
"""

from __future__ import annotations

import threading
import time

import redis

from app.core.log import get_logger

KEY = "switchyard:nudge"
PAUSE_SECONDS = 0.02
log = get_logger(__name__)


class Nudger:
    """Sends nudges from a thread of its own; `nudge()` only sets a flag."""

    def __init__(self, redis_url: str) -> None:
        self._client = redis.Redis.from_url(redis_url, socket_connect_timeout=1, socket_timeout=2)
        self._wanted = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def nudge(self) -> None:
        """Ask for a nudge soon, and return at once. Never raises."""
        if self._thread is None:
            self._start()
        self._wanted.set()

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="nudger", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                send_nudge(self._client)
            except redis.RedisError as error:
                log.warning("nudge_failed", error=type(error).__name__)
            time.sleep(PAUSE_SECONDS)


def send_nudge(client: redis.Redis) -> None:
    """Push one nudge to the Redis list. The list has at most four entries, even if no relay is listening."""
    with client.pipeline(transaction=False) as pipe:
        pipe.lpush(KEY, "1")
        pipe.ltrim(KEY, 0, 3)
        pipe.execute()


def wait_for_nudge(client: redis.Redis, *, timeout_seconds: float) -> bool:
    """Wait for a nudge, at most `timeout_seconds`. Return whether one came. Raises `redis.RedisError` without Redis."""
    nudged = client.blpop([KEY], timeout=timeout_seconds) is not None
    if nudged:
        client.delete(KEY)
    return nudged
