"""Read the clock. Only edges (routes, jobs, commands) call it; all other code gets `now` as an argument."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the present instant as aware UTC."""
    return datetime.now(UTC)
