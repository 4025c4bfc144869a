"""Limit how often something may be done: token buckets in Redis that all processes share. Without Redis nothing is limited.

A bucket has `burst` tokens and refills evenly within `per_seconds`. Redis stores the time at which the bucket will be full.
The headers are those of https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import redis

from app.core.log import get_logger

REST_SECONDS = 5.0  # so long Redis is left alone after it failed, so that not every request waits for it
log = get_logger(__name__)

# Takes a token if there is one. Answers whether, and how many seconds of filling the bucket then lacks.
_TAKE = """
local now, every, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local lacks = math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now)
if lacks + every > burst * every + 0.000001 then return {0, tostring(lacks)} end
redis.call('SET', KEYS[1], string.format('%.6f', now + lacks + every), 'PX', math.ceil((lacks + every) * 1000) + 1000)
return {1, tostring(lacks + every)}
"""


@dataclass(frozen=True)
class Limit:
    """A rate limit: `burst` calls at once, and as many again in every `per_seconds`. `name` is used in Redis keys and in
    headers."""

    name: str
    burst: int
    per_seconds: int

    @property
    def every(self) -> float:
        """Return after how many seconds a bucket gets one more token."""
        return self.per_seconds / self.burst


@dataclass(frozen=True)
class Level:
    """The level of a bucket: `left` tokens are in it, and it is full again in `full_seconds`.

    `wait_seconds` is 0 if the call got a token, else the seconds until there is one.
    """

    limit: Limit
    left: int
    full_seconds: float
    wait_seconds: float

    @property
    def share(self) -> float:
        """Return the part of the bucket that is left, 0 to 1."""
        return self.left / self.limit.burst

    @property
    def retry_after(self) -> int:
        """Return the time until there is a token, in whole seconds and at least 1. Return 0 if there is a token now."""
        return math.ceil(self.wait_seconds)

    def headers(self) -> dict[str, str]:
        """Return the headers RateLimit and RateLimit-Policy. If the caller must wait, also Retry-After. Times are whole
        seconds, rounded up."""
        name = self.limit.name
        told = {
            "RateLimit-Policy": f'"{name}";q={self.limit.burst};w={self.limit.per_seconds}',
            "RateLimit": f'"{name}";r={self.left};t={math.ceil(self.full_seconds)}',
        }
        return told | ({"Retry-After": str(self.retry_after)} if self.wait_seconds else {})


class Limits:
    """The token buckets of one installation. `clock` is Unix time in seconds. Thread-safe; never raises errors of Redis."""

    def __init__(self, connection: redis.Redis, *, clock: Callable[[], float] = time.time) -> None:
        self._redis = connection
        self._clock = clock
        self._rests_until = 0.0

    def take(self, limit: Limit, whom: str) -> Level | None:
        """Take one token from the bucket of `whom` and return the bucket's level. Return None without Redis: then nothing is
        limited."""
        now = self._clock()
        if now < self._rests_until:
            return None
        key = f"limit:{limit.name}:{hashlib.sha256(whom.encode('utf-8', 'replace')).hexdigest()[:32]}"
        try:
            taken, lacks = self._redis.eval(_TAKE, 1, key, now, limit.every, limit.burst)
        except redis.RedisError as error:
            self._rests_until = now + REST_SECONDS
            log.warning("limits_unknown", error=type(error).__name__)
            return None
        return _level(limit, float(lacks), is_taken=bool(taken))


def _level(limit: Limit, lacks: float, *, is_taken: bool) -> Level:
    left = max(0, int(limit.burst - lacks / limit.every + 0.000001))
    wait = 0.0 if is_taken else max(0.001, lacks + limit.every - limit.per_seconds)
    return Level(limit, left, full_seconds=lacks, wait_seconds=wait)
