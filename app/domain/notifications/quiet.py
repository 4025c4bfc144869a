"""Calculate quiet hours: when a user is not to be disturbed, and until when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from app.domain.sla.calendar import DAY, Calendar, CalendarRules

Week = tuple[tuple[int, int] | None, ...]
"""For Monday to Sunday the begin and the end in minutes of the local day, or None; an end that is not behind its begin is on the
next day, and belongs to the day it began on."""

NO_QUIET: Week = (None,) * 7
MINUTES_A_DAY = 24 * 60
LOOK_AHEAD = 8 * DAY


def quiet_until(week: Week, zone: str, at: datetime) -> datetime | None:
    """If `at` is in quiet hours, return when they end, at most eight days later. Otherwise return None.

    Adjoining quiet hours count as one.
    """
    if not any(week):
        return None
    begin = int(at.timestamp())
    found = next(_calendar(week, zone).open_between(begin, begin + LOOK_AHEAD), None)
    return datetime.fromtimestamp(found[1], UTC) if found and found[0] == begin else None


def leaves_time(week: Week) -> bool:
    """Return True if at least one hour of the week is not quiet. Changes between summer and winter time are ignored."""
    return _calendar(week, "UTC").seconds_between(4 * DAY, 11 * DAY) <= 7 * DAY - 3600


def stored(week: Week) -> list[list[int] | None]:
    """Convert quiet hours to the JSON that is stored."""
    return [list(span) if span else None for span in week]


def read(value: Sequence[Sequence[int] | None] | None) -> Week:
    """Read quiet hours from stored JSON. If nothing is stored, there are no quiet hours."""
    return tuple((span[0], span[1]) if span else None for span in value) if value else NO_QUIET


def _calendar(week: Week, zone: str) -> Calendar:
    spans = [() if span is None else ((span[0] * 60, _end(*span) * 60),) for span in week]
    return Calendar(CalendarRules(zone, tuple(spans)))


def _end(begin: int, end: int) -> int:
    return end if end > begin else end + MINUTES_A_DAY
