"""Put a deadline into words: "due in 48 min", "due 16:30", "due Tue 09:40", "2 h overdue"."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import get_locale

from app.core.clock import utc_now
from app.core.translation import date_words
from app.core.translation import gettext as _
from app.web.inbox.words import CLOCK, local_time

HOUR, DAY = 3600, 86_400
NEAR_SECONDS = 2 * HOUR
WEEK = timedelta(days=6)


def clock_words(due_at: datetime, *, now: datetime | None = None) -> str:
    """Return in words when an answer is due, or for how long it is overdue.

    Due within an hour: minutes. Due later: the time today, weekday and time within a week, otherwise the date; a length of
    time would say little across office hours. Overdue: minutes below an hour, hours below two days, then days.
    """
    now = now or utc_now()
    left = int((due_at - now).total_seconds() // 1)
    if left <= 0:
        return _late(-left)
    if left < HOUR:
        return _("due in %(count)s min", count=max(1, left // 60))
    return _("due %(time)s", time=_when(due_at, now))


def _when(at: datetime, now: datetime) -> str:
    local, today = local_time(at), local_time(now).date()
    time = local.strftime(CLOCK)
    if local.date() == today:
        return time
    if local.date() - today < WEEK:
        return f"{get_locale().days['format']['abbreviated'][local.weekday()]} {time}"
    return date_words(local.date(), "d MMM" if local.year == today.year else "d MMM y")


def _late(seconds: int) -> str:
    if seconds < HOUR:
        return _("%(count)s min overdue", count=max(1, seconds // 60))
    if seconds < 2 * DAY:
        return _("%(count)s h overdue", count=seconds // HOUR)
    return _("%(count)s d overdue", count=seconds // DAY)


def urgency(due_at: datetime, *, now: datetime | None = None) -> str:
    """Return "late" for an overdue deadline, "near" for one due within NEAR_SECONDS, else ""."""
    left = (due_at - (now or utc_now())).total_seconds()
    return "late" if left <= 0 else "near" if left <= NEAR_SECONDS else ""


FILTERS = {"clock_words": clock_words, "urgency": urgency}
