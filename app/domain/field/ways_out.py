"""Suggest another time or technician for a visit that clashes, is too tight or will be late. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.domain.appointments.models import Appointment
from app.domain.field.day_plan import FIRST_HOUR, QUARTER, QUARTERS, Block, DayPlan, Person
from app.domain.field.steps import ENDED
from app.domain.field.travel import Spot, minutes_from

MOST_ASKED = 12  # visits nobody has, for which somebody is looked for


@dataclass(frozen=True)
class WayOut:
    """A technician and a time at which a visit fits, including travel before and after it. `begins` is in the time zone of the
    visit's place."""

    person: Person
    begins: datetime


def ways_out(plan: DayPlan, person: Person, block: Block, *, now: datetime) -> tuple[WayOut, ...]:
    """Suggest up to two ways out for a visit: a later time on the same day with the same technician, and the earliest time with
    another technician."""
    one, asked = block.row.appointment, []
    own = _first_fit(person, one, plan, earliest=max(one.starts_at, now))
    if own is not None and own != one.starts_at:
        asked.append(WayOut(person, _local(own, one)))
    other = _soonest([other for other in plan.people if other is not person], one, plan, earliest=max(one.starts_at, now))
    return (*asked, *((other,) if other else ()))


def takers(plan: DayPlan, *, now: datetime) -> dict[uuid.UUID, WayOut]:
    """Suggest a technician for each visit that has none: the technician who could come earliest. Return {visit id: suggestion}.

    Only the first MOST_ASKED visits are considered. Visits that nobody can take are missing.
    """
    found = {}
    for row in plan.unplanned[:MOST_ASKED]:
        way = _soonest(plan.people, row.appointment, plan, earliest=now)
        if way is not None:
            found[row.appointment.id] = way
    return found


def _soonest(people: Sequence[Person], one: Appointment, plan: DayPlan, *, earliest: datetime) -> WayOut | None:
    fits = [(at, place) for place, other in enumerate(people) if (at := _first_fit(other, one, plan, earliest=earliest))]
    if not fits:
        return None
    at, place = min(fits)
    return WayOut(people[place], _local(at, one))


def _first_fit(person: Person, one: Appointment, plan: DayPlan, *, earliest: datetime) -> datetime | None:
    """Return the first quarter of an hour from `earliest` on at which the visit fits. Return None if the day has no room or the
    technician is absent."""
    if person.absent is not None:
        return None
    zone, length = ZoneInfo(one.zone), one.ends_at - one.starts_at
    opens = datetime.combine(plan.day, time(FIRST_HOUR), tzinfo=zone)
    closes = opens + QUARTERS * QUARTER
    busy = [_with_drive(block.row.appointment, one, plan.spots) for block in person.blocks if _counts(block, one)]
    first = max(opens, earliest)
    for at in sorted({_quarter(first, opens), *(_quarter(free, opens) for _taken, free in busy if free > first)}):
        if at + length <= closes and all(at >= free or at + length <= taken for taken, free in busy):
            return at
    return None


def _with_drive(other: Appointment, one: Appointment, spots: Mapping[uuid.UUID, Spot]) -> tuple[datetime, datetime]:
    """Return the interval (start, end) that the visit `other` blocks for the visit `one`. Travel before and after is included."""
    drive = timedelta(minutes=minutes_from(other, one, spots))
    return other.starts_at - drive, other.ends_at + drive


def _counts(block: Block, one: Appointment) -> bool:
    return block.row.appointment.id != one.id and block.step not in ENDED


def _quarter(at: datetime, opens: datetime) -> datetime:
    """Return `at` rounded up to the next quarter of an hour of the grid, which begins at `opens`."""
    return opens + -((opens - at) // QUARTER) * QUARTER


def _local(at: datetime, one: Appointment) -> datetime:
    return at.astimezone(ZoneInfo(one.zone))
