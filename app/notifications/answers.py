"""What the other side of a call said, whichever way it was: a push service, Teams, a mail server. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.notifications.models import Outcome

LONGEST_WAIT_SECONDS = 6 * 3600


@dataclass(frozen=True)
class Answer:
    """`outcome` None: try again, after `retry_after_seconds` if they said so. `words` is English and holds no secret."""

    outcome: Outcome | None
    words: str = ""
    retry_after_seconds: float | None = None

    @property
    def ok(self) -> bool:
        return self.outcome == Outcome.ACCEPTED


def retry_after_seconds(value: str | None, *, now: datetime) -> float | None:
    """A `Retry-After` header, seconds or a date; None where it says nothing. At most LONGEST_WAIT_SECONDS."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT_SECONDS)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return min(max(seconds, 0), LONGEST_WAIT_SECONDS)
