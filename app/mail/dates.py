"""Read when a mail was written, if its Date header is plausible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

OLDEST_BELIEVED: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_SKEW: Final = timedelta(minutes=15)


def read_date(value: str) -> datetime | None:
    """Return the instant a Date header names, aware UTC; None if it names none. A date without a zone is taken for UTC."""
    try:
        found = parsedate_to_datetime(value[:200])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def believe_date(value: str, *, received_at: datetime) -> datetime:
    """Return the Date, or `received_at` where the Date is unreadable, before mail was common, or later than its own arrival."""
    found = read_date(value)
    if found is None or not OLDEST_BELIEVED <= found <= received_at + CLOCK_SKEW:
        return received_at
    return min(found, received_at)
