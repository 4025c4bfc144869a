"""Token buckets that processes share, and what is limited while nobody can say."""

from __future__ import annotations

import pytest
import redis
from flask import Flask

from app.core.limits import REST_SECONDS, Limit, Limits
from app.core.runtime import runtime
from tests.support.nowhere import valkey_nowhere

TWICE = Limit("test", 2, 60)


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def two(app_context: Flask, clock: Clock) -> tuple[Limits, Limits]:
    """As two processes have them."""
    return Limits(runtime().redis, clock=clock), Limits(runtime().redis, clock=clock)


def waits(limits: Limits, whom: str = "alice", limit: Limit = TWICE) -> float:
    level = limits.take(limit, whom)
    assert level is not None
    return level.wait_seconds


def test_a_bucket_is_shared_by_processes_and_by_nobody_else(two: tuple[Limits, Limits]) -> None:
    assert [waits(two[0]), waits(two[1]), waits(two[0]), waits(two[1])] == [0, 0, 30, 30]
    assert waits(two[0], "mallory") == 0
    assert waits(two[0], limit=Limit("another", 2, 60)) == 0


def test_it_is_filled_evenly_and_never_above_its_size(two: tuple[Limits, Limits], clock: Clock) -> None:
    assert [waits(two[0]) for _ in range(3)] == [0, 0, 30]
    clock.now += 29
    assert waits(two[0]) == pytest.approx(1, abs=0.01)
    clock.now += 1
    assert [waits(two[0]), waits(two[0])] == [0, 30]
    clock.now += 86_400
    assert [waits(two[0]) for _ in range(3)] == [0, 0, 30]


def test_the_headers_say_how_much_is_left_of_what(two: tuple[Limits, Limits]) -> None:
    level = two[0].take(TWICE, "alice")
    assert level is not None
    assert level.headers() == {"RateLimit-Policy": '"test";q=2;w=60', "RateLimit": '"test";r=1;t=30'}
    two[0].take(TWICE, "alice")
    refused = two[0].take(TWICE, "alice")
    assert refused is not None
    assert refused.headers() == {
        "RateLimit-Policy": '"test";q=2;w=60',
        "RateLimit": '"test";r=0;t=60',
        "Retry-After": "30",
    }


def test_without_redis_nothing_is_limited_and_nobody_waits_for_it_twice(clock: Clock) -> None:
    limits = Limits(valkey_nowhere(), clock=clock)
    assert [limits.take(TWICE, "alice") for _ in range(3)] == [None] * 3
    asked: list[float] = []

    class Counting(redis.Redis):
        def eval(self, *_arguments: object) -> list[object]:  # type: ignore[override]
            asked.append(clock.now)
            raise redis.ConnectionError

    limits = Limits(Counting(), clock=clock)
    for step in (0, REST_SECONDS / 2, REST_SECONDS / 2):
        clock.now += step
        limits.take(TWICE, "alice")
    assert asked == [clock.now - REST_SECONDS, clock.now]
