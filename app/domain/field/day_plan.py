"""Read the day plan of technicians for the office: visits, steps, travel, clashes, visits without technician."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import BrandMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.appointments.models import Absence, Appointment, AppointmentKind
from app.domain.appointments.queries import AppointmentRow, list_appointments_of_days, list_appointments_without_technician
from app.domain.field.models import ActionKind, Outcome, PhoneAction
from app.domain.field.phones import PhoneState, phones_of
from app.domain.field.steps import ENDED, VisitStep
from app.domain.field.travel import Spot, minutes_from, spots_of

FIRST_HOUR, QUARTERS = 7, 48  # from 07:00 to 19:00
QUARTER = timedelta(minutes=15)
SILENT = timedelta(minutes=45)
WORTH_SAYING = 5  # minutes late
MOST_UNPLANNED = 40


@dataclass(frozen=True)
class Block:
    """A visit on the grid of the day plan. `column` and `length` count quarters of an hour, and `since` is the time of its last
    step.

    `clashes_with`: the contact's name of an overlapping visit, or "". `minutes_over`: minutes since the planned end, while
    the technician is at work. `silent_minutes`: minutes without a report from the phone, while the technician is at work.
    `late_minutes`: the expected delay. `gap_minutes`: minutes from the end of the previous visit to the start of this one,
    None for the first visit. `travel_minutes`: the estimated travel time from the previous visit.
    """

    row: AppointmentRow
    step: VisitStep
    column: int
    length: int
    since: datetime | None
    clashes_with: str
    minutes_over: int
    silent_minutes: int
    late_minutes: int = 0
    gap_minutes: int | None = None
    travel_minutes: int = 0
    gap_quarters: int = 0  # free columns before it
    spot: Spot | None = None

    @property
    def id(self) -> uuid.UUID:
        return self.row.appointment.id

    @property
    def is_trouble(self) -> bool:
        """Return whether the office has to act: the visit clashes, is too tight or will be late."""
        return bool(self.clashes_with or self.is_tight or self.late_minutes)

    @property
    def is_tight(self) -> bool:
        """Return True if the travel time is longer than the gap before this planned visit. A visit that overlaps the previous
        one does not count."""
        return self.step == VisitStep.PLANNED and self.gap_minutes is not None and 0 <= self.gap_minutes < self.travel_minutes


@dataclass(frozen=True)
class Person:
    """A technician's line in the day plan.

    `absent`: the note of the technician's absence on that day, None if there is no absence. `phone`: the state of the
    technician's phones, None if no phone ever called.
    """

    user_id: uuid.UUID
    name: str
    blocks: tuple[Block, ...]
    absent: str | None
    phone: PhoneState | None = None

    @property
    def minutes(self) -> int:
        """Return the minutes of planned work."""
        return sum(block.length for block in self.blocks) * 15


@dataclass(frozen=True)
class DayPlan:
    day: date
    people: tuple[Person, ...]
    unplanned: tuple[AppointmentRow, ...]
    spots: Mapping[uuid.UUID, Spot] = field(default_factory=dict)  # of orders

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(block for person in self.people for block in person.blocks)


def read_day_plan(session: Session, *, viewer: Viewer, day: date, now: datetime) -> DayPlan:
    """Return the plan of a day. It lists, by name, the technicians of the viewer's brands and all other users with a visit on
    that day."""
    rows = list_appointments_of_days(session, viewer=viewer, first=day, last=day).get(day, [])
    visits = [row for row in rows if row.appointment.kind == AppointmentKind.VISIT]
    named = {row.appointment.technician_user_id: row.technician_name for row in visits if row.appointment.technician_user_id}
    people = dict(sorted((_technicians(session, viewer) | named).items(), key=lambda person: (person[1], str(person[0]))))
    absent = _absences(session, list(people), day)
    unplanned = list_appointments_without_technician(session, viewer=viewer, since=now - timedelta(days=30))[:MOST_UNPLANNED]
    heard, phones = _last_heard(session, [row.appointment.id for row in visits]), phones_of(session, list(people))
    spots = spots_of(session, {row.appointment.order_id for row in [*visits, *unplanned] if row.appointment.order_id})
    of_people = {user_id: [row for row in visits if row.appointment.technician_user_id == user_id] for user_id in people}
    return DayPlan(
        day=day,
        people=tuple(
            Person(
                user_id,
                name,
                _blocks(of_people[user_id], heard, spots, now, phones.get(user_id)),
                absent.get(user_id),
                phones.get(user_id),
            )
            for user_id, name in people.items()
        ),
        unplanned=tuple(unplanned),
        spots=spots,
    )


def _blocks(
    rows: Sequence[AppointmentRow],
    heard: dict[uuid.UUID, tuple[datetime, datetime]],
    spots: dict[uuid.UUID, Spot],
    now: datetime,
    phone: PhoneState | None,
) -> tuple[Block, ...]:
    ordered = sorted(rows, key=lambda row: row.appointment.starts_at)
    blocks: list[Block] = []
    for before, row in zip([None, *ordered], ordered, strict=False):
        one = row.appointment
        step = one.state
        since, last = heard.get(one.id, (None, None))
        last = max(last, phone.seen_at) if last and phone else last
        at_work = step in (VisitStep.ARRIVED, VisitStep.IN_PROGRESS)
        clash = next((other.contact_name for other in ordered if other is not row and _overlap(other.appointment, one)), "")
        begin = int((row.local_start.hour - FIRST_HOUR) * 4 + row.local_start.minute // 15) + 1
        column = min(max(begin, 1), QUARTERS)
        length = max(1, round((one.ends_at - one.starts_at) / QUARTER))
        travel = minutes_from(before.appointment, one, spots) if before else 0
        free = column - (blocks[-1].column + blocks[-1].length) if blocks else 0
        blocks.append(
            Block(
                row=row,
                step=step,
                column=column,
                length=min(length, QUARTERS + 1 - column),
                since=since,
                clashes_with=clash,
                minutes_over=max(0, int((now - one.ends_at).total_seconds() // 60)) if at_work else 0,
                silent_minutes=int((now - last).total_seconds() // 60) if at_work and last and now - last > SILENT else 0,
                gap_minutes=int((one.starts_at - before.appointment.ends_at).total_seconds() // 60) if before else None,
                late_minutes=_late(before.appointment if before else None, one, travel, now),
                travel_minutes=travel,
                gap_quarters=max(0, free),
                spot=spots.get(one.order_id) if one.order_id else None,
            )
        )
    return tuple(blocks)


def _late(before: Appointment | None, one: Appointment, travel: int, now: datetime) -> int:
    """Return by how many minutes a planned visit will begin late if its technician leaves as soon as possible. Return 0 for a
    small delay.

    If several visits wait to begin, only the first gets a delay. A visit whose planned end has passed gets none.
    """
    if one.state != VisitStep.PLANNED or now > one.ends_at or (before is not None and before.state == VisitStep.PLANNED):
        return 0
    begins = max(now, before.ends_at) if before is not None and before.state not in ENDED else now
    late = int((begins + timedelta(minutes=travel) - one.starts_at).total_seconds() // 60)
    return late if late >= WORTH_SAYING else 0


def _overlap(one: Appointment, other: Appointment) -> bool:
    return one.state not in ENDED and other.state not in ENDED and one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _technicians(session: Session, viewer: Viewer) -> dict[uuid.UUID, str]:
    """Return {user id: name} of the active users in the viewer's brands who may see only their own visits."""
    query = sa.select(User.id, User.name).join(BrandMember, BrandMember.user_id == User.id)
    query = query.where(users_with(Permission.VISITS_OWN), sa.not_(users_with(Permission.VISITS_SEE)))
    query = query.where(User.disabled_at.is_(None), BrandMember.brand_id.in_(viewer.brand_ids))
    return {row.id: row.name for row in session.execute(query)}


def _absences(session: Session, user_ids: list[uuid.UUID], day: date) -> dict[uuid.UUID, str]:
    query = sa.select(Absence.user_id, Absence.note).where(Absence.user_id.in_(user_ids), Absence.absent_date == day)
    return {row.user_id: row.note for row in session.execute(query)}


def _last_heard(session: Session, appointment_ids: list[uuid.UUID]) -> dict[uuid.UUID, tuple[datetime, datetime]]:
    """Return {visit id: (time of its last step, time when a phone last reported anything about it)}."""
    steps = sa.func.max(PhoneAction.occurred_at).filter(PhoneAction.kind == ActionKind.STEP)
    query = sa.select(PhoneAction.appointment_id, steps.label("step"), sa.func.max(PhoneAction.received_at).label("heard"))
    query = query.where(PhoneAction.appointment_id.in_(appointment_ids), PhoneAction.outcome == Outcome.APPLIED)
    return {row.appointment_id: (row.step, row.heard) for row in session.execute(query.group_by(PhoneAction.appointment_id))}


def day_of(text: str, viewer: Viewer, now: datetime) -> date:
    """Return the day in `text` (ISO 8601). If `text` is malformed or out of range, return today in the viewer's time zone."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return now.astimezone(ZoneInfo(viewer.timezone)).date()
    return found if 2000 <= found.year <= 2100 else now.astimezone(ZoneInfo(viewer.timezone)).date()


def now_column(plan: DayPlan, *, viewer_zone: str, now: datetime) -> int | None:
    """Return the grid column of the current quarter of an hour. Return None if the plan is of another day, or if it is outside
    the grid's hours."""
    local = now.astimezone(ZoneInfo(viewer_zone))
    column = (local.hour - FIRST_HOUR) * 4 + local.minute // 15 + 1
    return column if local.date() == plan.day and 1 <= column <= QUARTERS else None
