"""Limit how many calls run at once, over all processes (semaphore in Redis). Without Redis each process limits itself."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import redis

from app.core.log import get_logger

LOOKS_SECONDS = 0.05
log = get_logger(__name__)
_TAKE = """
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[1])
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[1], 3600)
return 1
"""


class NoSlot(Exception):
    """Raised when no slot became free in time."""


class Slots(Protocol):
    """A limit on how much work runs in parallel."""

    def one_of(self, name: str, *, at_once: int, wait_seconds: float) -> AbstractContextManager[None]:
        """Wait for one of the `at_once` slots with this name and keep it during the block. Raises `NoSlot` after
        `wait_seconds`."""
        ...


class LocalSlots:
    """Limits parallel work within this process only."""

    def __init__(self) -> None:
        self._by_name: dict[str, threading.BoundedSemaphore] = {}
        self._lock = threading.Lock()

    @contextmanager
    def one_of(self, name: str, *, at_once: int, wait_seconds: float) -> Iterator[None]:
        """Hold a slot of this process for the block, as `Slots.one_of` says."""
        with self._lock:
            slots = self._by_name.setdefault(name, threading.BoundedSemaphore(at_once))
        if not slots.acquire(timeout=wait_seconds):
            raise NoSlot
        try:
            yield
        finally:
            slots.release()


class SharedSlots:
    """Limits parallel work over all processes. The slot of a process that died is free again after `lease_seconds`.

    A slot of this process is taken first, so that its threads rarely ask Redis. `factor` multiplies `at_once`.
    """

    def __init__(self, connection: redis.Redis, *, lease_seconds: float = 180, factor: int = 1) -> None:
        self._redis = connection
        self._factor = factor
        self._lease_seconds = lease_seconds
        self._local = LocalSlots()

    @contextmanager
    def one_of(self, name: str, *, at_once: int, wait_seconds: float) -> Iterator[None]:
        """Keep a slot that all processes share during the block, as `Slots.one_of` says."""
        ends_at, at_once = time.monotonic() + wait_seconds, at_once * self._factor
        with self._local.one_of(name, at_once=at_once, wait_seconds=wait_seconds):
            key, token = f"slots:{name}", uuid.uuid4().hex
            while not self._take(key, token, at_once):
                if time.monotonic() >= ends_at:
                    raise NoSlot
                time.sleep(LOOKS_SECONDS)
            try:
                yield
            finally:
                self._give_back(key, token)

    def _take(self, key: str, token: str, at_once: int) -> bool:
        now = time.time()
        try:
            return bool(self._redis.eval(_TAKE, 1, key, now, at_once, now + self._lease_seconds, token))
        except redis.RedisError as error:
            log.warning("slots_unknown", error=type(error).__name__)
            return True

    def _give_back(self, key: str, token: str) -> None:
        try:
            self._redis.zrem(key, token)
        except redis.RedisError as error:
            log.warning("slots_unknown", error=type(error).__name__)
