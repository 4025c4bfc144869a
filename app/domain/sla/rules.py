"""Validate the stored rules (JSON) of calendars and policies, and convert them for the pure functions of clock and calendar."""

from __future__ import annotations

import itertools
import uuid
from datetime import date
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.sla.calendar import DAY, CalendarRules, OwnDay, Span
from app.domain.sla.clock import Terms
from app.domain.sla.public_holidays import is_supported
from app.domain.threads.models import Priority, ThreadStatus, ThreadType

MINUTES_A_DAY = DAY // 60
SPANS_A_DAY = 6
LONGEST_MINUTES = 366 * MINUTES_A_DAY
Pause = Literal["waiting_customer", "waiting_internal", "task", "snoozed"]
Whom = Literal["assignee", "team_lead", "manager", "executive"]
Way = Literal["app", "push", "email", "teams"]
Minutes = Annotated[int, Field(ge=1, le=LONGEST_MINUTES)]
Spans = tuple[tuple[int, int], ...]
"""Minutes of a local day; an end that is not behind its begin is on the next day."""


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class StoredDay(_Stored):
    """A day with its own hours. Without spans, it is closed."""

    day: date
    name: Annotated[str, Field(max_length=80)] = ""
    spans: Spans = ()


class StoredCalendar(_Stored):
    """The stored rules of a calendar. Raises `ValidationError` if they are invalid."""

    zone: str = "Europe/Amsterdam"
    week: tuple[Spans, Spans, Spans, Spans, Spans, Spans, Spans]
    country: str = ""
    region: str = ""
    own_days: Annotated[tuple[StoredDay, ...], Field(max_length=400)] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not is_zone(self.zone):
            raise ValueError(f"no time zone {self.zone}")
        if self.country and not is_supported(self.country, self.region):
            raise ValueError(f"no holidays of {self.country} {self.region}")
        for spans in (*self.week, *(own.spans for own in self.own_days)):
            check_spans(spans)
        return self

    def rules(self) -> CalendarRules:
        """Return the rules in the form that `Calendar` uses."""
        week = tuple(_seconds(spans) for spans in self.week)
        own = tuple(OwnDay(own.day, own.name, _seconds(own.spans)) for own in self.own_days)
        return CalendarRules(self.zone, week, self.country, self.region, own)


def is_zone(name: str) -> bool:
    """Return True if there is a time zone with this name."""
    try:
        return ZoneInfo(name).key == name
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False


class Overlapping(ValueError):
    """Raised when two intervals of one day overlap."""


def check_spans(spans: Spans) -> None:
    """Check the hours of a day. Raises ValueError if they are invalid, and `Overlapping` if two intervals overlap."""
    if len(spans) > SPANS_A_DAY:
        raise ValueError(f"more than {SPANS_A_DAY} intervals")
    edges = []
    for begin, end in spans:
        if not (0 <= begin < MINUTES_A_DAY and 0 <= end <= MINUTES_A_DAY):
            raise ValueError("no time of a day")
        edges.append((begin, end if end > begin else end + MINUTES_A_DAY))
    edges.sort()
    if any(first[1] > second[0] for first, second in itertools.pairwise(edges)):
        raise Overlapping("intervals overlap")


def _seconds(spans: Spans) -> tuple[Span, ...]:
    return tuple(sorted((b * 60, (e if e > b else e + MINUTES_A_DAY) * 60) for b, e in spans))


class Match(_Stored):
    """The threads for which a policy is. A thread must fit every list that is not empty; with `any_of`, one of them is enough."""

    media: tuple[str, ...] = ()
    channel_ids: tuple[uuid.UUID, ...] = ()
    priorities: tuple[Priority, ...] = ()
    statuses: tuple[ThreadStatus, ...] = ()
    brand_ids: tuple[uuid.UUID, ...] = ()
    contact_ids: tuple[uuid.UUID, ...] = ()  # people, or organizations for all their people
    thread_types: tuple[ThreadType, ...] = ()
    any_of: bool = False  # one of the lists is enough


class Step(_Stored):
    """An escalation step. It is due when `percent` of the target are used, or `late_minutes` after the deadline; one of both is
    set."""

    percent: Annotated[int | None, Field(ge=1, le=100)] = None
    late_minutes: Annotated[int | None, Field(ge=1, le=LONGEST_MINUTES)] = None
    tell: Whom
    task: bool = False
    through: tuple[Way, ...] = ("app",)
    in_quiet_hours: bool = False

    @model_validator(mode="after")
    def _has_one_time(self) -> Self:
        if (self.percent is None) == (self.late_minutes is None):
            raise ValueError("a step has a share of the target, or minutes after it")
        return self

    @property
    def key(self) -> str:
        """The key under which a step is stored when it was carried out, such as "80%" or "+30"."""
        return f"{self.percent}%" if self.percent is not None else f"+{self.late_minutes}"


STEPS = (
    Step(percent=75, tell="assignee", through=("app", "push")),
    Step(percent=90, tell="team_lead", through=("app", "push", "email")),
    Step(percent=100, tell="manager", task=True, through=("app", "push", "email", "teams")),
    Step(late_minutes=MINUTES_A_DAY, tell="executive", through=("app", "email", "teams"), in_quiet_hours=True),
)


class PolicyRules(_Stored):
    """The rules of a policy. Times in minutes are open time; None means no promise.

    `manager_ids` are notified if the thread's team and brand have no manager, and `executive_ids` if the company has no head
    (app/domain/accounts/managers.py). If these are empty too, administrators are notified.
    """

    name: Annotated[str, Field(min_length=1, max_length=80)]
    match: Match = Match()
    first_minutes: Minutes | None = None
    next_minutes: Minutes | None = None
    resolution_minutes: Minutes | None = None
    pauses: tuple[Pause, ...] = ("waiting_customer", "task")
    reopen_hours: Annotated[int, Field(ge=0, le=24 * 366)] = 7 * 24
    calendar_id: uuid.UUID | None = None
    task_minutes: dict[Priority, Minutes] = {}
    steps: Annotated[tuple[Step, ...], Field(max_length=12)] = STEPS
    manager_ids: tuple[uuid.UUID, ...] = ()
    executive_ids: tuple[uuid.UUID, ...] = ()

    @model_validator(mode="after")
    def _steps_differ(self) -> Self:
        if len({step.key for step in self.steps}) < len(self.steps):
            raise ValueError("two steps at one instant")
        return self

    def terms(self) -> Terms:
        """Return the terms in the form that the clocks use."""
        return Terms(
            first_response=_in_seconds(self.first_minutes),
            next_response=_in_seconds(self.next_minutes),
            resolution=_in_seconds(self.resolution_minutes),
            pauses=frozenset(self.pauses),
            reopen_seconds=self.reopen_hours * 3600,
            name=self.name,
        )


def _in_seconds(minutes: int | None) -> int | None:
    return None if minutes is None else minutes * 60


OFFICE: Spans = ((8 * 60, 17 * 60),)
DEFAULT_CALENDAR = StoredCalendar(week=(OFFICE, OFFICE, OFFICE, OFFICE, OFFICE, (), ()), country="NL")
DEFAULT_TASK_MINUTES = {
    Priority.LOW: 5 * 480,
    Priority.NORMAL: 2 * 480,
    Priority.HIGH: 480,
    Priority.URGENT: 120,
    Priority.CRITICAL: 60,
}
TECHNICAL_ISSUES = PolicyRules(
    name="Technical issues",
    match=Match(thread_types=(ThreadType.TECHNICAL_ISSUE,)),
    first_minutes=120,
    next_minutes=120,
    task_minutes=DEFAULT_TASK_MINUTES,
)
