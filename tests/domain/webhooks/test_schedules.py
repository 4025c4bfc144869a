"""When a delivery is tried again."""

from __future__ import annotations

import uuid

import pytest

from app.domain.webhooks.schedules import SCHEDULES, delay_seconds, jitter_seconds, tries_of


def clock_times(schedule: str) -> list[float]:
    """Seconds after the event of each try, were they over at once."""
    at, found = 0.0, [0.0]
    for tries in range(1, tries_of(schedule)):
        at += delay_seconds(schedule, tries) or 0
        found.append(at)
    return found


def test_partners_are_tried_three_times_and_webhooks_six() -> None:
    assert clock_times("partner") == [0, 60, 180]
    assert clock_times("webhook") == [0, 1, 3, 7, 15, 31]
    assert delay_seconds("partner", 3) is None
    assert delay_seconds("webhook", 6) is None


@pytest.mark.parametrize(("asked", "then"), [(None, 60), (0, 60), (30, 60), (600, 600), (1e9, 3600)])
def test_a_receiver_may_ask_for_a_longer_wait_and_never_for_a_shorter_one(asked: float | None, then: float) -> None:
    assert delay_seconds("partner", 1, asked_seconds=asked) == then


def test_jitter_only_adds_up_to_a_tenth_and_fifteen_seconds() -> None:
    for seed in range(200):
        for delay in {1, 60, 86_400, *SCHEDULES["patient"]}:
            assert 0 <= jitter_seconds(delay, uuid.UUID(int=seed)) <= min(delay * 0.1, 15)
