"""A deadline in words: "due in 1 h", "2 h overdue"."""

from __future__ import annotations

from datetime import datetime

from app.core.clock import utc_now
from app.translation import gettext as _

HOUR, DAY = 3600, 86_400


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


def is_late(due_at: datetime) -> bool:
    """Whether an answer is overdue by now."""
    return due_at <= utc_now()


FILTERS = {"clock_words": clock_words, "is_late": is_late}
