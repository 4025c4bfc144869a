"""Calculate when a scheduled report is due, and which days it covers. Pure.

A due time is calculated from day, hour and time zone each time, so its local hour is the same in summer and winter. If a day
does not have this hour (02:00 in March), the next hour is used. If a day has it twice, the first is used.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.scheduled_reports.models import Every

LATEST = {Every.DAY: timedelta(hours=12), Every.WEEK: timedelta(days=3), Every.MONTH: timedelta(days=7)}
"""After an outage longer than this, a missed due moment is left out."""


@dataclass(frozen=True)
class Rhythm:
    """How often a report is sent, and at which time in the recipient's time zone. The fields are those of `ReportSchedule`."""

    every: Every
    weekday: int = 0
    month_day: int = 1
    hour: int = 7


@dataclass(frozen=True)
class Due:
    """One due time (`at`), and the first and last day that the report covers, both included."""

    at: datetime
    first: date
    last: date


def last_due(rhythm: Rhythm, zone: ZoneInfo, now: datetime) -> Due:
    """Return the newest due time that is not after `now`."""
    return max((one for one in _around(rhythm, zone, now) if one.at <= now), key=lambda due: due.at)


def next_due(rhythm: Rhythm, zone: ZoneInfo, now: datetime) -> Due:
    """Return the first due time after `now`."""
    return min((one for one in _around(rhythm, zone, now) if one.at > now), key=lambda due: due.at)


def _around(rhythm: Rhythm, zone: ZoneInfo, now: datetime) -> Iterator[Due]:
    today = now.astimezone(zone).date()
    for day in _days(rhythm, today):
        at = datetime.combine(day, time(rhythm.hour), zone).astimezone(UTC)
        yield Due(at, *_told(rhythm.every, day))


def _days(rhythm: Rhythm, today: date) -> Iterator[date]:
    """Yield days near `today` on which the report is due: at least one before and one after."""
    if rhythm.every == Every.DAY:
        yield from (today + timedelta(days=number) for number in (-1, 0, 1))
    elif rhythm.every == Every.WEEK:
        last = today - timedelta(days=(today.weekday() - rhythm.weekday) % 7)
        yield from (last + timedelta(days=7 * number) for number in (-1, 0, 1))
    else:
        for number in (-1, 0, 1):
            year, month = divmod(today.year * 12 + today.month - 1 + number, 12)
            yield date(year, month + 1, min(rhythm.month_day, calendar.monthrange(year, month + 1)[1]))


def _told(every: Every, day: date) -> tuple[date, date]:
    """Return the first and last day of the last complete period before `day`: a day, a week from Monday on, or a month."""
    if every == Every.DAY:
        return day - timedelta(days=1), day - timedelta(days=1)
    if every == Every.WEEK:
        monday = day - timedelta(days=day.weekday())
        return monday - timedelta(days=7), monday - timedelta(days=1)
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
