"""Carry out escalation steps of SLA clocks: notify people and create tasks.

The periodic job finds clocks by `sla_clocks.next_step_at`. The unique key of `sla_steps` ensures that each step is carried
out once, with any number of workers: the thread is locked, its clocks are calculated again from its facts, and only due
steps without a row are carried out.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.prepared import as_written
from app.domain.accounts.models import Brand, BrandMember, Team, TeamMember, User
from app.domain.accounts.permissions import Permission, users_with
from app.domain.events.actions import SYSTEM, record
from app.domain.events.models import Event
from app.domain.sla.active_policies import read_calendar, read_policies
from app.domain.sla.clock import Clock, ClockKind, Outcome, evaluate
from app.domain.sla.models import SlaClock, SlaStep
from app.domain.sla.rules import PolicyRules, Step
from app.domain.sla.task_due import due_on_clock, list_task_minutes
from app.domain.sla.update_clocks import CLOCKS, FACTS_OF, facts_of, instant, next_step_at, step_instants
from app.domain.tasks.actions import TaskContent, add_task
from app.domain.tasks.models import TaskType
from app.domain.threads.actions import subject_of
from app.domain.threads.models import Priority, Thread

STEPS = table_of(SlaStep)
# Two statements: in one, the planner takes what is due for a tenth of all threads and reads every one of them.
_DUE = sa.select(CLOCKS.c.thread_id).where(CLOCKS.c.next_step_at <= sa.bindparam("now")).order_by(CLOCKS.c.next_step_at)
_THREADS = (
    sa.select(Thread)
    .where(Thread.id == sa.any_(sa.bindparam("thread_ids", type_=sa.ARRAY(sa.Uuid))))
    .order_by(Thread.id)
    .with_for_update(skip_locked=True)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class Reached:
    """A due escalation step of a clock."""

    thread: Thread
    row: SlaClock
    clock: Clock
    policy: PolicyRules
    step: Step
    due_at: datetime


def reach_due_steps(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Carry out the steps that are due by `now`, for at most `limit` clocks, the longest overdue first.

    Return how many clocks were found. Return 0 if other workers have locked all of the threads; these are left for the next
    round.
    """
    due = session.execute(_DUE.limit(as_written(limit)), {"now": now}).scalars().all()
    threads = session.execute(_THREADS, {"thread_ids": sorted(set(due))}).scalars().all() if due else ()
    for thread in threads:
        _advance(session, thread, now=now)
    return len(due) if threads else 0


def _advance(session: Session, thread: Thread, *, now: datetime) -> None:
    facts = session.execute(FACTS_OF, {"thread_ids": [thread.id]}).all()
    read_policies(session, (fact.policy_version_id for fact in facts))
    due = sa.select(SlaClock).where(SlaClock.thread_id == thread.id, SlaClock.next_step_at <= now)
    for row in session.execute(due.order_by(SlaClock.id).execution_options(populate_existing=True)).scalars().all():
        calendar = read_calendar(session, row.calendar_version_id)
        policies = read_policies(session, [row.policy_version_id])
        policy = policies[row.policy_version_id] if row.policy_version_id else None
        clocks = evaluate(facts_of(facts), calendar)
        clock = next((c for c in clocks if (c.kind, instant(c.started)) == (row.kind, row.started_at)), None)
        if clock is None or policy is None:
            row.next_step_at = None
            continue
        instants = step_instants(clock, calendar, policy)
        if clock.outcome == Outcome.RUNNING and not clock.paused_for:
            for step in sorted(policy.steps, key=lambda s: instants.get(s.key, 0)):
                at = instant(instants.get(step.key))
                if at is not None and at <= now:
                    _reach(session, Reached(thread, row, clock, policy, step, at), now=now)
        row.next_step_at = instant(next_step_at(clock, calendar, policy, _keys(session, row)))
    session.flush()


def _keys(session: Session, row: SlaClock) -> set[str]:
    same = (SlaStep.thread_id == row.thread_id, SlaStep.kind == row.kind, SlaStep.started_at == row.started_at)
    return set(session.execute(sa.select(SlaStep.step).where(*same)).scalars())


def _reach(session: Session, reached: Reached, *, now: datetime) -> None:
    """Carry out a step, unless another worker already did (then its row in `sla_steps` exists)."""
    row, step = reached.row, reached.step
    values = {"id": new_id(), "thread_id": row.thread_id, "kind": row.kind, "started_at": row.started_at, "step": step.key}
    values |= {"due_at": reached.due_at, "reached_at": now}
    insert = postgresql.insert(STEPS).values(values).on_conflict_do_nothing().returning(STEPS.c.id)
    step_id = session.execute(insert).scalar_one_or_none()
    if step_id is None:
        return
    receivers = receivers_of(session, reached.thread, step, reached.policy)
    event = record(
        session, "EscalationStepReached", subject=subject_of(reached.thread), now=now, payload=_payload(reached, receivers)
    )
    if step.task:
        task_id = _make_task(session, reached, receivers, now=now, caused_by=event)
        session.execute(sa.update(STEPS).where(STEPS.c.id == step_id).values(task_id=task_id))


def _payload(reached: Reached, receivers: list[uuid.UUID]) -> dict[str, Any]:
    row, step = reached.row, reached.step
    return {
        "clock": row.kind.value,
        "clock_started_at": row.started_at.isoformat(),
        "step": step.key,
        "percent": step.percent,
        "late_minutes": step.late_minutes,
        "tell": step.tell,
        "through": list(step.through),
        "in_quiet_hours": step.in_quiet_hours,
        "step_due_at": reached.due_at.isoformat(),
        "response_due_at": row.due_at.isoformat() if row.due_at else None,
        "policy": reached.policy.name,
        "user_ids": [str(user_id) for user_id in receivers],
    }


def receivers_of(session: Session, thread: Thread, step: Step, policy: PolicyRules) -> list[uuid.UUID]:
    """Return the ids of the users whom a step notifies.

    This is the first group named by the step that has an active user. If there is none, a higher group is notified: team
    leads instead of the assignee, and in the end administrators.
    """
    if step.tell == "assignee" and thread.assignee_user_id is not None:
        return [thread.assignee_user_id]
    if step.tell in ("assignee", "team_lead"):
        found = _leads(session, thread)
        if found:
            return found
    tellable = sa.select(User.id).where(User.disabled_at.is_(None)).order_by(User.id)
    for user_ids in _named(session, thread, step, policy):
        found = list(session.execute(tellable.where(User.id.in_(user_ids))).scalars())
        if found:
            return found
    return list(session.execute(tellable.where(users_with(Permission.ALERTS_RECEIVE))).scalars())


def _named(session: Session, thread: Thread, step: Step, policy: PolicyRules) -> list[Collection[uuid.UUID]]:
    """Return the groups of users for a step to the manager or executive, in the order in which they are tried.

    Users from the settings who may see the thread come first, then the users from the policy.
    """
    if step.tell == "manager":
        team = sa.select(Team.manager_user_id).where(Team.id == thread.team_id)
        brand = sa.select(Brand.manager_user_id).where(Brand.id == thread.brand_id)
        return [*(_who_see(session, thread, who) for who in (team, brand)), policy.manager_ids]
    if step.tell == "executive":
        return [_who_see(session, thread, sa.select(User.id).where(User.is_executive)), policy.executive_ids]
    return []


def _who_see(session: Session, thread: Thread, who: sa.Select[Any]) -> list[uuid.UUID]:
    """Return the ids of users of the query `who` who may see the thread."""
    member = sa.exists(
        sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == thread.brand_id)
    )
    query = sa.select(User.id).where(User.id.in_(who), sa.or_(users_with(Permission.BRANDS_ALL), member))
    return list(session.execute(query).scalars())


def _leads(session: Session, thread: Thread) -> list[uuid.UUID]:
    """Return the team leads of the thread's team. If there are none, return those of the brand."""
    leads = sa.select(User.id).where(User.disabled_at.is_(None), users_with(Permission.ESCALATIONS_LEAD)).order_by(User.id)
    member = sa.select(BrandMember.user_id).where(BrandMember.brand_id == thread.brand_id)
    leads = leads.where(User.id.in_(member))
    of_team = leads.where(User.id.in_(sa.select(TeamMember.user_id).where(TeamMember.team_id == thread.team_id)))
    return list(session.execute(of_team).scalars()) or list(session.execute(leads).scalars())


def _make_task(session: Session, reached: Reached, receivers: list[uuid.UUID], *, now: datetime, caused_by: Event) -> uuid.UUID:
    """Create the task of a step for the first of `receivers`. Return the id of the task.

    The due time depends on the priority: it comes from the installation's settings or, if these have none, from the policy.
    """
    thread = reached.thread
    priority = max(thread.priority, Priority.HIGH, key=lambda p: p.rank)
    user = session.get(User, receivers[0]) if receivers else None
    calendar = read_calendar(session, reached.row.calendar_version_id)
    minutes = None if list_task_minutes(session) else reached.policy.task_minutes.get(priority)  # the house says it of every task
    zone = user.timezone if user else calendar.rules.zone
    local = due_on_clock(calendar, now=now, minutes=minutes, zone=zone)
    content = TaskContent(
        brand_id=thread.brand_id,
        title=f"{_TITLES[reached.row.kind]}: {thread.subject or thread.preview}".rstrip(": ")[:300],
        task_type=TaskType.ESCALATE,
        priority=priority,
        assignee_user_id=user.id if user else None,
        due_date=local.date() if local else None,
        due_time=local.time() if local else None,
        thread_id=thread.id,
        zone=zone,
    )
    return add_task(session, content, now=now, actor=SYSTEM, caused_by=caused_by).id


_TITLES = {
    ClockKind.FIRST_RESPONSE: "Overdue answer",
    ClockKind.NEXT_RESPONSE: "Overdue answer",
    ClockKind.RESOLUTION: "Overdue resolution",
}
