"""Quiet hours: overnight, several days, and over both changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.domain.notifications.quiet import NO_QUIET, Week, leaves_time, quiet_until, read, stored

ZONE = "Europe/Amsterdam"
NIGHT = (22 * 60, 7 * 60)
NIGHTS: Week = (NIGHT,) * 7


def local(text: str, *, fold: int = 0, zone: str = ZONE) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def until(week: Week, at: datetime, zone: str = ZONE) -> str | None:
    found = quiet_until(week, zone, at)
    return found.astimezone(ZoneInfo(zone)).isoformat() if found else None


def test_no_quiet_hours_are_never() -> None:
    assert quiet_until(NO_QUIET, ZONE, local("2026-03-04 03:00")) is None


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-03-04 21:59:59", None),
        ("2026-03-04 22:00:00", "2026-03-05T07:00:00+01:00"),
        ("2026-03-05 06:59:59", "2026-03-05T07:00:00+01:00"),
        ("2026-03-05 07:00:00", None),
    ],
)
def test_a_night_ends_in_the_morning(at: str, end: str | None) -> None:
    assert until(NIGHTS, local(at)) == end


def test_days_that_touch_are_one_quiet() -> None:
    week: Week = (None, None, None, None, (18 * 60, 0), (0, 0), (0, 0))
    assert until(week, local("2026-03-06 19:00")) == "2026-03-09T00:00:00+01:00"
    assert until(week, local("2026-03-06 17:59")) is None


def test_the_night_belongs_to_the_day_it_began_on() -> None:
    only_friday: Week = (None, None, None, None, NIGHT, None, None)
    assert until(only_friday, local("2026-03-07 03:00")) == "2026-03-07T07:00:00+01:00"
    assert until(only_friday, local("2026-03-06 03:00")) is None


def test_the_night_the_clock_springs_forward_is_an_hour_shorter() -> None:
    begin = local("2026-03-28 22:00")
    end = quiet_until(NIGHTS, ZONE, begin)
    assert end is not None
    assert (end - begin).total_seconds() == 8 * 3600
    assert until(NIGHTS, begin) == "2026-03-29T07:00:00+02:00"


def test_the_night_the_clock_falls_back_is_an_hour_longer() -> None:
    begin = local("2026-10-24 22:00")
    end = quiet_until(NIGHTS, ZONE, begin)
    assert end is not None
    assert (end - begin).total_seconds() == 10 * 3600
    assert until(NIGHTS, begin) == "2026-10-25T07:00:00+01:00"


def test_an_hour_shown_twice_is_quiet_both_times_and_one_skipped_never() -> None:
    early: Week = ((2 * 60, 3 * 60),) * 7
    assert quiet_until(early, ZONE, local("2026-10-25 02:30")) is not None
    assert quiet_until(early, ZONE, local("2026-10-25 02:30", fold=1)) is not None
    assert quiet_until(early, ZONE, local("2026-03-29 01:59:59")) is None
    assert quiet_until(early, ZONE, local("2026-03-29 03:00")) is None


def test_the_zone_is_the_users_own() -> None:
    at = local("2026-03-04 23:00")
    assert quiet_until(NIGHTS, "America/Montreal", at) is None
    assert until(NIGHTS, local("2026-03-08 01:00", zone="America/Montreal"), "America/Montreal") == "2026-03-08T07:00:00-04:00"


def test_a_week_of_quiet_is_too_much() -> None:
    assert leaves_time(NIGHTS)
    assert leaves_time(((0, 0),) * 6 + ((60, 0),))
    assert not leaves_time(((0, 0),) * 7)
    assert not leaves_time(((0, 0),) * 6 + ((30, 0),))


def test_it_is_stored_and_read_back() -> None:
    week: Week = (NIGHT, None, None, None, None, (0, 0), None)
    assert read(stored(week)) == week
    assert read(None) == NO_QUIET
