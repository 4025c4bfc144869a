"""Read when a mail was written from its Date header, if that is plausible."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

OLDEST_BELIEVED: Final = datetime(1990, 1, 1, tzinfo=UTC)
CLOCK_SKEW: Final = timedelta(minutes=15)


def read_date(value: str) -> datetime | None:
    """Return the instant in a Date header (aware UTC), or None if it has no valid date. A date without a zone counts as UTC."""
    try:
        found = parsedate_to_datetime(value[:200])
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    try:
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def believe_date(value: str, *, received_at: datetime) -> datetime:
    """Return the instant in a Date header, or `received_at` if the header is not plausible.

    It is not plausible if it cannot be read, is before mail was common, or is later than the arrival of the mail.
    """
    found = read_date(value)
    if found is None or not OLDEST_BELIEVED <= found <= received_at + CLOCK_SKEW:
        return received_at
    return min(found, received_at)
