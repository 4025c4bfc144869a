"""Business calendars: worked examples, and properties against a slow reference."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.sla.calendar import ALWAYS, DAY, Calendar, CalendarRules, Closed, OwnDay, Span
from tests.domain.sla.reference import SlowCalendar
from tests.support.cost import cost_seconds

HOUR = 3600
OFFICE = ((9 * HOUR, 12 * HOUR), (13 * HOUR, 17 * HOUR))
DUTCH = CalendarRules("Europe/Amsterdam", (OFFICE,) * 5 + ((), ()), country="NL")


def at(text: str, zone: str = "Europe/Amsterdam") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp())


def with_week(*days: tuple[Span, ...], zone: str = "Europe/Amsterdam") -> Calendar:
    return Calendar(CalendarRules(zone, tuple(days)))


def test_lunch_does_not_count() -> None:
    calendar = Calendar(DUTCH)
    assert calendar.seconds_between(at("2026-03-04 09:00"), at("2026-03-04 17:00")) == 7 * HOUR
    assert calendar.after(at("2026-03-04 10:00"), 4 * HOUR) == at("2026-03-04 15:00")


def test_what_is_used_up_at_closing_time_is_due_at_closing_time() -> None:
    assert Calendar(DUTCH).after(at("2026-03-04 13:00"), 4 * HOUR) == at("2026-03-04 17:00")
    assert Calendar(DUTCH).after(at("2026-03-04 13:00"), 4 * HOUR + 1) == at("2026-03-05 09:00") + 1


def test_easter_weekend_is_passed_over() -> None:
    calendar = Calendar(DUTCH)  # 3 April 2026 is Good Friday, the 6th Easter Monday
    assert calendar.after(at("2026-04-02 16:00"), 2 * HOUR) == at("2026-04-07 10:00")
    reasons = [(part.why, part.day) for part in calendar.closed_between(at("2026-04-02 17:00"), at("2026-04-07 09:00"))]
    assert reasons == [
        (Closed.NIGHT, None),
        (Closed.HOLIDAY, date(2026, 4, 3)),
        (Closed.WEEKEND, None),
        (Closed.HOLIDAY, date(2026, 4, 5)),
        (Closed.HOLIDAY, date(2026, 4, 6)),
        (Closed.NIGHT, None),
    ]


@pytest.mark.parametrize(
    ("country", "region", "day", "is_closed"),
    [
        ("NL", "", "2026-04-27", True),  # Koningsdag
        ("BE", "", "2026-07-21", True),
        ("DE", "BY", "2026-01-06", True),  # Heilige Drei Könige, in Bavaria
        ("DE", "BE", "2026-01-06", False),  # and not in Berlin
        ("FR", "", "2026-07-14", True),
        ("CA", "QC", "2026-06-24", True),  # Saint-Jean-Baptiste
        ("CA", "ON", "2026-06-24", False),
    ],
)
def test_public_holidays_are_those_of_the_country_and_region(country: str, region: str, day: str, is_closed: bool) -> None:
    calendar = Calendar(CalendarRules("UTC", (((0, DAY),),) * 7, country, region))
    begin = at(f"{day} 00:00", "UTC")
    assert (calendar.seconds_between(begin, begin + DAY) == 0) is is_closed


def test_an_own_day_goes_before_a_public_holiday() -> None:
    short = OwnDay(date(2026, 4, 6), "Paasmaandag half", ((10 * HOUR, 12 * HOUR),))
    closed = OwnDay(date(2026, 4, 7), "Inventaris")
    calendar = Calendar(CalendarRules("Europe/Amsterdam", DUTCH.week, "NL", own_days=(short, closed)))
    assert calendar.seconds_between(at("2026-04-06 00:00"), at("2026-04-07 00:00")) == 2 * HOUR
    assert calendar.seconds_between(at("2026-04-07 00:00"), at("2026-04-08 00:00")) == 0
    assert [part.why for part in calendar.closed_between(at("2026-04-07 00:00"), at("2026-04-08 00:00"))] == [Closed.OWN_DAY]


def test_a_night_shift_runs_into_the_next_morning() -> None:
    night = ((22 * HOUR, 30 * HOUR),)
    calendar = with_week((), (), (), (), night, (), ())
    assert list(calendar.open_between(at("2026-03-06 00:00"), at("2026-03-09 00:00"))) == [
        (at("2026-03-06 22:00"), at("2026-03-07 06:00"))
    ]


def test_the_hour_that_is_skipped_counts_nothing_and_the_hour_that_comes_twice_counts_twice() -> None:
    calendar = with_week(*[((2 * HOUR, 3 * HOUR),)] * 7)
    assert calendar.seconds_between(at("2026-03-29 00:00"), at("2026-03-30 00:00")) == 0
    assert calendar.seconds_between(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == 2 * HOUR
    whole_days = with_week(*[((0, DAY),)] * 7)
    assert whole_days.seconds_between(at("2026-03-29 00:00"), at("2026-03-30 00:00")) == 23 * HOUR
    assert whole_days.seconds_between(at("2026-10-25 00:00"), at("2026-10-26 00:00")) == 25 * HOUR


@given(begin=st.integers(0, 4_000_000_000), seconds=st.integers(0, 20_000_000))
@settings(max_examples=300)
def test_around_the_clock_is_the_clock(begin: int, seconds: int) -> None:
    for calendar in (Calendar(ALWAYS), with_week(*[((0, DAY),)] * 7)):
        assert calendar.after(begin, seconds) == begin + seconds
        assert calendar.seconds_between(begin, begin + min(seconds, 1_000_000)) == min(seconds, 1_000_000)


@pytest.mark.parametrize("own_days", [(), (OwnDay(date(2020, 1, 1), "", ((0, HOUR),)),)])
def test_a_closed_calendar_says_never_at_once(own_days: tuple[OwnDay, ...]) -> None:
    closed = Calendar(CalendarRules("Europe/Amsterdam", ((),) * 7, "NL", own_days=own_days))
    assert closed.after(at("2026-03-04 10:00"), 1) is None
    assert cost_seconds(lambda: closed.after(at("2026-03-04 10:00"), 1), tries=3) < 0.05


def test_a_calendar_that_opens_too_seldom_says_never_in_bounded_time() -> None:
    seldom = with_week(((0, 60),), (), (), (), (), (), ())
    assert cost_seconds(lambda: seldom.after(at("2026-03-04 10:00"), 60 * 600)) < 2
    assert seldom.after(at("2026-03-04 10:00"), 60 * 600) is None


# Days around both changes of the clock, Easter and the turn of the year, in zones with and without them.
SOME_DAYS = [date(2026, 3, 28), date(2026, 10, 24), date(2026, 4, 2), date(2026, 12, 30), date(2025, 3, 8), date(2025, 11, 1)]
ZONES = ["Europe/Amsterdam", "America/Toronto", "Australia/Lord_Howe", "UTC", "Asia/Kolkata"]
COUNTRIES = [("", ""), ("NL", ""), ("BE", ""), ("DE", "BY"), ("FR", ""), ("CA", "QC")]


@st.composite
def spans_of_a_day(draw: st.DrawFn) -> tuple[Span, ...]:
    edges = sorted(set(draw(st.lists(st.integers(0, 36 * 60), max_size=6))))
    found = [(a * 60, b * 60) for a, b in list(pairwise(edges))[::2] if a * 60 < DAY]
    return tuple((a, min(b, a + DAY)) for a, b in found)


@st.composite
def rules(draw: st.DrawFn) -> CalendarRules:
    country, region = draw(st.sampled_from(COUNTRIES))
    week = tuple(draw(st.sampled_from([OFFICE, (), ((0, DAY),), ((22 * HOUR, 30 * HOUR),)]) | spans_of_a_day()) for _ in range(7))
    own = draw(st.lists(st.sampled_from(SOME_DAYS), max_size=2, unique=True))
    own_days = tuple(OwnDay(day, "own", draw(spans_of_a_day())) for day in own)
    return CalendarRules(draw(st.sampled_from(ZONES)), week, country, region, own_days)


@st.composite
def instants(draw: st.DrawFn) -> int:
    day = draw(st.sampled_from(SOME_DAYS))
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    return midnight + draw(st.integers(-DAY, 2 * DAY))


@given(rules=rules(), begin=instants(), length=st.integers(0, 4 * DAY))
@settings(max_examples=150)
def test_open_seconds_are_those_of_the_slow_reference(rules: CalendarRules, begin: int, length: int) -> None:
    calendar, slow = Calendar(rules), SlowCalendar(rules)
    assert calendar.seconds_between(begin, begin + length) == slow.between(begin, begin + length)


@given(rules=rules(), begin=instants(), seconds=st.integers(1, 40 * HOUR))
@settings(max_examples=150)
def test_after_and_between_are_each_others_inverse(rules: CalendarRules, begin: int, seconds: int) -> None:
    calendar = Calendar(rules)
    due = calendar.after(begin, seconds)
    if due is not None and due - begin < 400 * DAY:
        assert calendar.seconds_between(begin, due) == seconds
        assert calendar.seconds_between(begin, due - 1) == seconds - 1


@given(rules=rules(), begin=instants(), length=st.integers(1, 5 * DAY))
@settings(max_examples=100)
def test_open_and_closed_stretches_cover_the_time_without_gap_or_overlap(rules: CalendarRules, begin: int, length: int) -> None:
    calendar = Calendar(rules)
    closed = [(part.begin, part.end) for part in calendar.closed_between(begin, begin + length)]
    parts = sorted([*calendar.open_between(begin, begin + length), *closed])
    assert [part[0] for part in parts] == [begin, *(part[1] for part in parts[:-1])]
    assert parts[-1][1] == begin + length


@given(rules=rules(), begin=instants(), length=st.integers(1, 5 * DAY), cut=st.integers(1, 23 * 60))
@settings(max_examples=100)
def test_cutting_hours_in_two_changes_nothing(rules: CalendarRules, begin: int, length: int, cut: int) -> None:
    week = tuple(tuple(part for span in spans for part in _cut(span, cut * 60)) for spans in rules.week)
    other = CalendarRules(rules.zone, week, rules.country, rules.region, rules.own_days)
    assert list(Calendar(other).open_between(begin, begin + length)) == list(Calendar(rules).open_between(begin, begin + length))


def _cut(span: Span, at: int) -> list[Span]:
    return [(span[0], at), (at, span[1])] if span[0] < at < span[1] else [span]
