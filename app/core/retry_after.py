"""Read the `Retry-After` header (RFC 9110, 10.2.3): how long a server asks us to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_WAIT_SECONDS = 6 * 3600.0


def read_retry_after(value: str | None, *, now: datetime, most: float = LONGEST_WAIT_SECONDS) -> float | None:
    """Return how many seconds the header asks us to wait from `now`, at most `most`. Reads both forms, seconds and date.

    Return None if the header is absent or cannot be parsed.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), most)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0.0), most)
