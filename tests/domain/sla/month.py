"""A month of work at a desk, with its own time: people write, are answered, wait, close and come back, and the sweep runs by.

What has to happen is worked out beside the database, from the facts alone, by the pure functions.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import redis
import sqlalchemy as sa

from app.domain.events.models import Event
from app.domain.sla.active_policies import read_calendar, read_policies
from app.domain.sla.clock import ClockKind, Fact, FactKind, Outcome, evaluate
from app.domain.sla.escalation import reach_due_steps
from app.domain.sla.models import SlaClock, SlaStep
from app.domain.sla.update_clocks import FACTS_OF, facts_of, seconds, step_instants
from app.domain.tasks.actions import TaskContent, create_task, set_task_status
from app.domain.tasks.models import TaskStatus
from app.domain.threads.actions import change_priority, change_status, lock_thread
from app.domain.threads.models import Priority, Thread, ThreadStatus
from tests.domain.sla.conftest import Desk

EVERY = timedelta(seconds=2)
"""How often the sweep runs, see app/process/background/schedule.py."""
START = datetime(2026, 3, 20, 6, 0, tzinfo=UTC)  # the clocks change, and Easter is in it
Step = tuple[ClockKind, int, str]
Key = tuple[uuid.UUID, *Step]


@dataclass
class Month:
    """The simulated month; `of_thread` has the instant of every step that must come."""

    desk: Desk
    dice: random.Random
    valkey: redis.Redis
    of_thread: dict[uuid.UUID, dict[Step, int]] = field(default_factory=dict)
    tasks: dict[uuid.UUID, uuid.UUID] = field(default_factory=dict)
    restarts: int = 0
    ticks: int = 0

    def run(self, *, threads: int, days: int) -> None:
        """Live through it."""
        for at, thread in self._plan(threads, days):
            self._sweep_until(at)
            self.desk.now = at
            thread_id = thread or self._begin()
            self._act(thread_id, is_new=thread is None)
            self._expect(thread_id, at)
        self._sweep_until(START + timedelta(days=days + 10))

    def _plan(self, threads: int, days: int) -> list[tuple[datetime, uuid.UUID | None]]:
        """When something happens; threads are made as they come, so what happens later is drawn then."""
        self._open: list[uuid.UUID] = []
        moments = [START + timedelta(seconds=self.dice.randrange(days * 86_400)) for _action in range(threads * 5)]
        return [(at, None) for at in sorted(moments)]

    def _begin(self) -> uuid.UUID:
        if self._open and self.dice.random() < 0.8:
            return self.dice.choice(self._open[-60:])
        channel = self.dice.choice([self.desk.mail, self.desk.chat])
        thread = self.desk.thread(channel, value=f"{len(self._open)}@example.nl")
        if self.dice.random() < 0.5:
            thread.assignee_user_id = self.desk.bob.id
        self._open.append(thread.id)
        self.desk.ask(thread)
        return thread.id

    def _act(self, thread_id: uuid.UUID, *, is_new: bool) -> None:
        desk, thread = self.desk, lock_thread(self.desk.session, thread_id)
        who = {"thread_id": thread_id, "actor": desk.actor, "now": desk.now}
        match self.dice.randrange(12):
            case 0 | 1 | 2:
                desk.ask(thread)
            case 3 | 4 | 5:
                desk.answer(thread)
            case 6:
                change_status(desk.session, status=self.dice.choice(list(ThreadStatus)), **who)  # type: ignore[arg-type]
            case 7:
                change_priority(desk.session, priority=self.dice.choice(list(Priority)), **who)  # type: ignore[arg-type]
            case 8 if thread_id not in self.tasks:
                content = TaskContent(brand_id=desk.brand.id, title="Onderdeel", thread_id=thread_id, waiting_for="part")
                self.tasks[thread_id] = create_task(desk.session, content, now=desk.now, actor=desk.actor).id
            case 9 if thread_id in self.tasks:
                task_id = self.tasks.pop(thread_id)
                set_task_status(desk.session, task_id, TaskStatus.COMPLETED, now=desk.now, actor=desk.actor)

    def _sweep_until(self, until: datetime) -> None:
        """The ticks up to then that find something; all others read one index and do nothing."""
        first = sa.select(sa.func.min(SlaClock.next_step_at))
        while (due := self.desk.session.execute(first).scalar_one()) is not None:
            at = _next_tick(due)
            if at >= until:
                return
            self.desk.now = max(at, self.desk.now)
            self._tick()

    def _tick(self) -> None:
        """One run of the sweep, maybe killed before its commit, maybe in two processes one after the other."""
        session, now = self.desk.session, self.desk.now
        self.ticks += 1
        if self.dice.random() < 0.05:
            self.restarts += 1
            self.valkey.flushdb()
            killed = session.begin_nested()
            reach_due_steps(session, now=now)
            killed.rollback()
            session.expire_all()
        reach_due_steps(session, now=now)
        if self.dice.random() < 0.2:
            reach_due_steps(session, now=now)

    def _expect(self, thread_id: uuid.UUID, at: datetime) -> None:
        """Which steps come if nothing else happens: what was expected later than now is worked out anew."""
        now = seconds(at)
        expected = self.of_thread[thread_id] = {k: v for k, v in self.of_thread.get(thread_id, {}).items() if v < now}
        session = self.desk.session
        rows = session.execute(FACTS_OF, {"thread_ids": [thread_id]}).all()
        terms = [row for row in rows if row.kind == FactKind.TERMS]
        if not terms:
            return
        policies = read_policies(session, [row.policy_version_id for row in terms])
        calendar = read_calendar(session, terms[-1].calendar_version_id)
        facts: list[Fact] = facts_of(rows)
        for clock in evaluate(facts, calendar):
            if clock.outcome != Outcome.RUNNING or clock.paused_for or clock.due.at is None:
                continue
            for step, instant in step_instants(clock, calendar, policies[terms[-1].policy_version_id]).items():
                expected.setdefault((clock.kind, clock.started, step), max(instant, now))

    @property
    def expected(self) -> dict[Key, int]:
        """The instant of every step that must come."""
        return {(thread_id, *step): at for thread_id, steps in self.of_thread.items() for step, at in steps.items()}

    def reached(self) -> dict[Key, int]:
        """The steps that came, by the rows."""
        rows = self.desk.session.execute(sa.select(SlaStep)).scalars()
        return {(r.thread_id, r.kind, seconds(r.started_at), r.step): seconds(r.reached_at) for r in rows}

    def told(self) -> int:
        """How many steps were told of, by the events."""
        query = sa.select(sa.func.count()).where(Event.type == "EscalationStepReached")
        return self.desk.session.execute(query).scalar_one()

    def threads(self) -> int:
        return self.desk.session.execute(sa.select(sa.func.count(Thread.id))).scalar_one()


def _next_tick(due: datetime) -> datetime:
    since = due - START
    return START + EVERY * -(-since // EVERY)
