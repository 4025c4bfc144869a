"""How pressing a deadline looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask

from app.web.inbox.clock_words import NEAR_SECONDS, clock_words, urgency

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-60, "late"), (0, "late"), (1, "near"), (NEAR_SECONDS, "near"), (NEAR_SECONDS + 1, "")]
)
def test_a_deadline_presses_when_it_is_near(seconds: int, expected: str) -> None:
    assert urgency(NOW + timedelta(seconds=seconds), now=NOW) == expected


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ({"minutes": 48}, "due in 48 min"),
        ({"hours": 3}, "due 14:00"),
        ({"hours": 24}, "due Thu 11:00"),
        ({"days": 5}, "due Mon 11:00"),
        ({"days": 12}, "due 16 Mar"),
        ({"minutes": -12}, "12 min overdue"),
        ({"hours": -30}, "30 h overdue"),
        ({"days": -3}, "3 d overdue"),
    ],
)
def test_beyond_the_hour_a_deadline_is_a_time_and_beyond_today_a_day(app: Flask, left: dict[str, float], expected: str) -> None:
    with app.test_request_context():
        assert clock_words(NOW + timedelta(**left), now=NOW) == expected
