"""Explain a thread's SLA clocks line by line.

The explanation uses the same functions, facts and versions with which the clocks were calculated, so it cannot differ from
them.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.sla.active_policies import read_calendar, read_policies
from app.domain.sla.calendar import Calendar
from app.domain.sla.clock import Clock, Outcome, Retarget, evaluate
from app.domain.sla.models import BusinessCalendar, CalendarVersion, SlaClock, SlaStep
from app.domain.sla.rules import PolicyRules
from app.domain.sla.timing import Segment
from app.domain.sla.update_clocks import FACTS_OF, facts_of, instant, seconds, step_instants
from app.domain.threads.models import Thread

CLOCKS_SHOWN = 6
LINES_SHOWN = 120


@dataclass(frozen=True)
class StepStory:
    """An escalation step of a clock. `due_at` is None while the clock is paused. `reached_at` is when the step was carried out,
    or None."""

    key: str
    percent: int | None
    late_minutes: int | None
    tell: str
    due_at: datetime | None
    reached_at: datetime | None


@dataclass(frozen=True)
class Story:
    """One clock with its explanation. `lines` are the segments of its time, without gaps; `left_out` is how many are not
    listed.

    `used` is the number of seconds that the clock has counted so far.
    """

    row: SlaClock
    clock: Clock
    calendar: Calendar
    lines: tuple[Segment, ...]
    used: int
    policy: str
    calendar_name: str
    changes: tuple[Retarget, ...]
    steps: tuple[StepStory, ...]
    left_out: int = 0

    @property
    def is_running(self) -> bool:
        return self.row.outcome == Outcome.RUNNING


def explain_thread(session: Session, thread: Thread, *, now: datetime) -> list[Story]:
    """Explain the newest clocks of the thread, running ones first. Five queries."""
    newest = sa.select(SlaClock).where(SlaClock.thread_id == thread.id)
    rows = list(session.execute(newest.order_by(SlaClock.started_at.desc(), SlaClock.kind).limit(CLOCKS_SHOWN)).scalars())
    if not rows:
        return []
    facts = session.execute(FACTS_OF, {"thread_ids": [thread.id]}).all()
    policies = read_policies(session, [*(f.policy_version_id for f in facts), *(row.policy_version_id for row in rows)])
    names, reached = _calendar_names(session, rows), _reached(session, thread.id)
    found = []
    for row in sorted(rows, key=lambda r: r.outcome != Outcome.RUNNING):
        calendar = read_calendar(session, row.calendar_version_id)
        made = {(c.kind, instant(c.started)): c for c in evaluate(facts_of(facts), calendar)}
        clock = made.get((row.kind, row.started_at))
        if clock is not None:
            policy = policies[row.policy_version_id] if row.policy_version_id else None
            name = names.get(row.calendar_version_id, "") if row.calendar_version_id else ""
            found.append(_story(row, clock, calendar, policy, name, reached, now))
    return found


def _story(
    row: SlaClock,
    clock: Clock,
    calendar: Calendar,
    policy: PolicyRules | None,
    calendar_name: str,
    reached: dict[tuple[object, datetime, str], datetime],
    now: datetime,
) -> Story:
    lines = clock.segments(calendar, seconds(now))
    return Story(
        row=row,
        clock=clock,
        calendar=calendar,
        lines=lines[:LINES_SHOWN],
        used=clock.counted(calendar, seconds(now)),
        policy=policy.name if policy else "",
        calendar_name=calendar_name,
        changes=clock.changes[1:],
        steps=tuple(_steps(row, clock, calendar, policy, reached)) if policy else (),
        left_out=max(0, len(lines) - LINES_SHOWN),
    )


def _steps(
    row: SlaClock, clock: Clock, calendar: Calendar, policy: PolicyRules, reached: dict[tuple[object, datetime, str], datetime]
) -> Iterable[StepStory]:
    instants = step_instants(clock, calendar, policy) if clock.due.at is not None else {}
    for step in policy.steps:
        done = reached.get((row.kind, row.started_at, step.key))
        if done is not None or clock.outcome == Outcome.RUNNING:
            due_at = instant(instants.get(step.key)) if not clock.paused_for else None
            yield StepStory(step.key, step.percent, step.late_minutes, step.tell, due_at, done)


def _calendar_names(session: Session, rows: Sequence[SlaClock]) -> dict[uuid.UUID, str]:
    ids = {row.calendar_version_id for row in rows if row.calendar_version_id}
    query = sa.select(CalendarVersion.id, BusinessCalendar.name)
    query = query.join(BusinessCalendar, BusinessCalendar.id == CalendarVersion.calendar_id).where(CalendarVersion.id.in_(ids))
    return {row.id: row.name for row in session.execute(query)}


def _reached(session: Session, thread_id: uuid.UUID) -> dict[tuple[object, datetime, str], datetime]:
    query = sa.select(SlaStep.kind, SlaStep.started_at, SlaStep.step, SlaStep.reached_at).where(SlaStep.thread_id == thread_id)
    return {(kind, started_at, step): at for kind, started_at, step, at in session.execute(query)}
