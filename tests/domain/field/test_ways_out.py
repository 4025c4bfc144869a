"""Where a visit could go instead, the drive included; and what is late as things stand."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from app.domain.appointments.models import AppointmentState
from app.domain.field.day_plan import Block, DayPlan, Person, _late
from app.domain.field.ways_out import takers, ways_out

PLACE, DAY = ZoneInfo("Europe/Amsterdam"), date(2026, 11, 25)
DAWN = datetime(2026, 11, 25, 5, tzinfo=PLACE)


def at(clock: str) -> datetime:
    return datetime.combine(DAY, time.fromisoformat(clock), tzinfo=PLACE)


def visit(begins: str, ends: str, place: str = "Utrecht", state: str = "planned") -> Any:
    return SimpleNamespace(
        id=uuid4(), starts_at=at(begins), ends_at=at(ends), zone="Europe/Amsterdam", place=place, order_id=None,
        state=AppointmentState(state),
    )  # fmt: skip


def block(one: Any) -> Block:
    row = SimpleNamespace(appointment=one, local_start=one.starts_at, contact_name="Pieter")
    return Block(row, one.state, 1, 4, None, "", 0, 0)  # type: ignore[arg-type]


def person(name: str, *visits: Any, absent: str | None = None) -> Person:
    return Person(uuid4(), name, tuple(block(one) for one in visits), absent)


def said(found: Any) -> list[tuple[str, str]]:
    return [(way.person.name, f"{way.begins:%H:%M}") for way in found]


def test_it_goes_later_with_the_same_person_or_to_whoever_is_free_the_soonest() -> None:
    first, clash = visit("09:00", "11:00"), visit("10:00", "11:00", "Soest")
    sam = person("Sam", first, clash)
    mats = person("Mats", visit("08:00", "10:30", "Baarn"))
    ill = person("Youssef", absent="ill")
    plan = DayPlan(DAY, (sam, mats, ill), ())
    # 15 minutes to another place nobody knows the whereabouts of: Sam is there at 11:15, Mats at 10:45.
    assert said(ways_out(plan, sam, sam.blocks[1], now=DAWN)) == [("Sam", "11:15"), ("Mats", "10:45")]


def test_it_goes_between_two_only_where_the_drive_to_the_next_fits_too() -> None:
    full = visit("10:00", "11:00", "Soest")
    sam = person("Sam", visit("09:00", "10:30"), full)
    lena = person("Lena", visit("11:10", "12:00", "Leiden"), visit("14:00", "15:00", "Delft"))
    plan = DayPlan(DAY, (sam, lena), ())
    assert said(ways_out(plan, sam, sam.blocks[1], now=DAWN)) == [("Sam", "10:45"), ("Lena", "12:15")]


def test_nothing_is_offered_in_the_past_or_after_the_hours_of_the_day() -> None:
    late = visit("16:00", "18:30", "Soest")
    sam = person("Sam", visit("15:00", "17:00"), late)
    plan = DayPlan(DAY, (sam,), ())
    assert ways_out(plan, sam, sam.blocks[1], now=DAWN) == ()
    alone = person("Lena")
    soon = DayPlan(DAY, (sam, alone), ())
    assert said(ways_out(soon, sam, sam.blocks[1], now=at("16:20"))) == [("Lena", "16:30")]


def test_who_is_over_with_a_visit_is_free_and_a_visit_nobody_has_finds_them() -> None:
    waiting = visit("09:00", "10:00", "Arnhem")
    sam = person("Sam", visit("08:00", "12:00", state="not_home"))
    plan = DayPlan(DAY, (person("Ravi", visit("07:00", "19:00")), sam), (SimpleNamespace(appointment=waiting),))  # type: ignore[arg-type]
    assert said(takers(plan, now=at("09:05")).values()) == [("Sam", "09:15")]
    assert takers(plan, now=at("18:30")) == {}


@pytest.mark.parametrize(
    ("before", "now", "travel", "expected"),
    [
        (None, "10:20", 0, 20),
        (None, "10:03", 0, 0),  # not worth saying
        (("08:00", "09:30", "in_progress"), "09:50", 30, 20),  # still there: goes now, and is there at 10:20
        (("08:00", "09:30", "in_progress"), "08:30", 30, 0),
        (("08:00", "09:30", "done"), "09:50", 30, 20),
        (("08:00", "09:30", "planned"), "10:30", 30, 0),  # its own lateness comes first
        (None, "12:30", 0, 0),  # past its end
    ],
)
def test_how_late_somebody_will_be_follows_from_where_they_are(before: Any, now: str, travel: int, expected: int) -> None:
    earlier = visit(before[0], before[1], "Zeist", before[2]) if before else None
    assert _late(earlier, visit("10:00", "12:00"), travel, at(now)) == expected


def test_one_under_way_is_not_late_any_more() -> None:
    assert _late(None, visit("10:00", "12:00", state="on_the_way"), 0, at("10:30") + timedelta(minutes=5)) == 0
