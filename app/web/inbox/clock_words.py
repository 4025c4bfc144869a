"""A deadline in words: "due in 1 h", "2 h overdue"."""

from __future__ import annotations

from datetime import datetime

from app.core.clock import utc_now
from app.core.translation import gettext as _

HOUR, DAY = 3600, 86_400
NEAR_SECONDS = 2 * HOUR


def clock_words(due_at: datetime, *, now: datetime | None = None) -> str:
    """How long until an answer is due, or since it was; whole minutes below an hour, hours below two days, then days."""
    left = int((due_at - (now or utc_now())).total_seconds() // 1)
    if left <= 0:
        return _late(-left)
    if left < HOUR:
        return _("due in %(count)s min", count=max(1, left // 60))
    return _("due in %(count)s h", count=left // HOUR) if left < 2 * DAY else _("due in %(count)s d", count=left // DAY)


def _late(seconds: int) -> str:
    if seconds < HOUR:
        return _("%(count)s min overdue", count=max(1, seconds // 60))
    if seconds < 2 * DAY:
        return _("%(count)s h overdue", count=seconds // HOUR)
    return _("%(count)s d overdue", count=seconds // DAY)


def urgency(due_at: datetime, *, now: datetime | None = None) -> str:
    """ "late", "near" for what is due within NEAR_SECONDS, else "": most deadlines are nobody's worry yet."""
    left = (due_at - (now or utc_now())).total_seconds()
    return "late" if left <= 0 else "near" if left <= NEAR_SECONDS else ""


FILTERS = {"clock_words": clock_words, "urgency": urgency}
