"""When reports are due, by hand-made examples: summer time, short months, other zones."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.scheduled_reports.due import Rhythm, last_due, next_due
from app.domain.scheduled_reports.models import Every

AMSTERDAM, TORONTO = ZoneInfo("Europe/Amsterdam"), ZoneInfo("America/Toronto")


def at(text: str, zone: ZoneInfo = AMSTERDAM) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("rhythm", "now", "due", "first", "last"),
    [
        (Rhythm(Every.DAY, hour=7), "2026-03-04 06:59", "2026-03-03 07:00", "2026-03-02", "2026-03-02"),
        (Rhythm(Every.DAY, hour=7), "2026-03-04 07:00", "2026-03-04 07:00", "2026-03-03", "2026-03-03"),
        (Rhythm(Every.WEEK, weekday=0, hour=7), "2026-03-04 10:00", "2026-03-02 07:00", "2026-02-23", "2026-03-01"),
        (Rhythm(Every.WEEK, weekday=4, hour=16), "2026-03-04 10:00", "2026-02-27 16:00", "2026-02-16", "2026-02-22"),
        (Rhythm(Every.MONTH, month_day=31, hour=8), "2026-03-04 10:00", "2026-02-28 08:00", "2026-01-01", "2026-01-31"),
        (Rhythm(Every.MONTH, month_day=1, hour=8), "2026-01-04 10:00", "2026-01-01 08:00", "2025-12-01", "2025-12-31"),
        # 02:00 does not exist on the 29th of March 2026 and comes twice on the 25th of October.
        (Rhythm(Every.DAY, hour=2), "2026-03-29 12:00", "2026-03-29 03:00", "2026-03-28", "2026-03-28"),
        (Rhythm(Every.DAY, hour=2), "2026-10-25 12:00", "2026-10-25 02:00", "2026-10-24", "2026-10-24"),
    ],
)
def test_the_last_due_moment_and_its_days(rhythm: Rhythm, now: str, due: str, first: str, last: str) -> None:
    found = last_due(rhythm, AMSTERDAM, at(now))
    assert (found.at, found.first, found.last) == (at(due), date.fromisoformat(first), date.fromisoformat(last))


def test_it_stays_at_its_hour_over_the_summer_in_each_zone() -> None:
    for zone in (AMSTERDAM, TORONTO):
        now = at("2026-01-01 00:30", zone)
        for _week in range(52):
            due = next_due(Rhythm(Every.WEEK, weekday=0, hour=7), zone, now)
            assert (due.at.astimezone(zone).weekday(), due.at.astimezone(zone).hour) == (0, 7)
            assert due.at - now <= timedelta(days=7, hours=1)
            now = due.at
