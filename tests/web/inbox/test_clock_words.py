"""How pressing a deadline looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.web.inbox.clock_words import NEAR_SECONDS, urgency

NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"), [(-60, "late"), (0, "late"), (1, "near"), (NEAR_SECONDS, "near"), (NEAR_SECONDS + 1, "")]
)
def test_a_deadline_presses_when_it_is_near(seconds: int, expected: str) -> None:
    assert urgency(NOW + timedelta(seconds=seconds), now=NOW) == expected
