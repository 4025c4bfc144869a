"""Limit how often all processes together ask the register of addresses, a public service with limited capacity."""

from __future__ import annotations

import time

import redis

from app.core.runtime import runtime

MOST_A_SECOND = 5


def is_our_turn() -> bool:
    """Count one question to the register. Return False if this second already has MOST_A_SECOND. Without Redis, return True."""
    name = f"register:{int(time.time())}"
    try:
        with runtime().redis.pipeline() as line:
            line.incr(name)
            line.expire(name, 10)
            count = line.execute()[0]
    except redis.RedisError:
        return True  # the pace is a courtesy; not asking at all would be worse
    return int(count) <= MOST_A_SECOND
