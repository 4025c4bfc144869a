"""How long whoever we called asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.core.retry_after import LONGEST_WAIT_SECONDS, read_retry_after

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("17", 17),
        (" 0 ", 0),
        ("9" * 400, LONGEST_WAIT_SECONDS),
        ("Fri, 20 Nov 2026 12:01:00 GMT", 60),
        ("Fri, 20 Nov 2026 13:01:00 +0100", 60),
        ("Fri, 20 Nov 2026 12:01:00 -0000", 60),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
        ("Fri, 20 Nov 2099 12:00:00 GMT", LONGEST_WAIT_SECONDS),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("١٧", None),
    ],
)
def test_a_number_or_a_date_is_seconds_from_now_within_bounds(value: str | None, seconds: float | None) -> None:
    assert read_retry_after(value, now=NOW) == seconds


def test_the_caller_may_wait_less() -> None:
    assert read_retry_after("7200", now=NOW, most=3600) == 3600
