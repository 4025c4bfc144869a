"""Read the clock; only edges call it, everything below them takes `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant as aware UTC."""
    return datetime.now(UTC)
