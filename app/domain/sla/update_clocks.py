"""Write SLA facts, and update the stored clocks of threads from them.

The caller has locked the threads and owns the transaction. Each time, the clocks are calculated again from all facts of
their thread by the pure functions of clock.py, so a repeat changes nothing.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.prepared import KEPT
from app.domain.sla.active_policies import Choice, organizations_of, read_book, read_calendar, read_policies, terms_of
from app.domain.sla.calendar import Calendar
from app.domain.sla.clock import Clock, ClockKind, Fact, FactKind, Outcome, evaluate
from app.domain.sla.models import SlaClock, SlaFact, SlaStep
from app.domain.sla.rules import PolicyRules
from app.domain.threads.actions import set_response_due
from app.domain.threads.models import Thread

CLOCKS, FACTS = table_of(SlaClock), table_of(SlaFact)
_ADD_FACTS = sa.insert(FACTS)
_THREADS = sa.bindparam("thread_ids", type_=sa.ARRAY(sa.Uuid))
_FACTS = sa.select(FACTS).where(FACTS.c.thread_id == sa.any_(_THREADS)).order_by(FACTS.c.at, FACTS.c.id)
_CLOCKS = sa.select(CLOCKS).where(CLOCKS.c.thread_id == sa.any_(_THREADS))
_STEPS = sa.select(SlaStep.thread_id, SlaStep.kind, SlaStep.started_at, SlaStep.step).where(
    SlaStep.thread_id == sa.any_(_THREADS)
)
FACTS_OF, CLOCKS_OF, STEPS_OF = (query.execution_options(**KEPT) for query in (_FACTS, _CLOCKS, _STEPS))
_COMPARED = ("target_seconds", "due_at", "ended_at", "outcome", "paused_for", "next_step_at")
_BY = ("policy_version_id", "calendar_version_id")
Reached = dict[tuple[ClockKind, datetime], set[str]]


def instant(seconds: int | None) -> datetime | None:
    """Convert seconds since 1970 to an aware datetime in UTC. Return None for None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def seconds(at: datetime) -> int:
    """Convert a datetime to whole seconds since 1970, rounded down."""
    return int(at.timestamp() // 1)


def add_fact(session: Session, thread_id: uuid.UUID, kind: FactKind, **values: Any) -> None:
    """Add a fact about a thread. `values` are the keyword arguments of `new_fact`."""
    session.connection().execute(_ADD_FACTS, new_fact(thread_id, kind, **values))


def new_fact(
    thread_id: uuid.UUID,
    kind: FactKind,
    *,
    at: datetime,
    value: str = "",
    message_id: uuid.UUID | None = None,
    choice: Choice | None = None,
    because: str = "",
) -> dict[str, Any]:
    """Return the row of a fact, for an insert. `choice`: the policy and calendar that apply from this fact on."""
    policy_id, calendar_id = choice.key if choice is not None else (None, None)
    values = {"id": new_id(), "thread_id": thread_id, "at": at, "kind": kind, "value": value[:200], "message_id": message_id}
    return values | {"policy_version_id": policy_id, "calendar_version_id": calendar_id, "because": because}


def settle_thread(session: Session, thread: Thread, *, now: datetime, because: str = "") -> None:
    """Update the clocks of one locked thread."""
    settle_threads(session, [thread], now=now, because=because)


def settle_threads(
    session: Session,
    threads: Sequence[Thread],
    *,
    now: datetime,
    because: str = "",
    changed_at: datetime | None = None,
    begun: Sequence[dict[str, Any]] = (),
) -> int:
    """Update the clocks of locked threads from their facts and the terms that apply now. Return how many threads changed.

    `because`: the type of the event, for the history. `changed_at`: if a calendar or policy changed, the time of this
    change. `begun`: all facts (`new_fact`) of threads that have no facts or clocks yet; they are written too.
    """
    made = _Made(facts=list(begun))
    known = _Known(session, {thread.id for thread in threads} - {fact["thread_id"] for fact in begun})
    facts = known.facts
    for fact in begun:
        facts[fact["thread_id"]].append(_Row(**fact))
    asked = [thread for thread in threads if any(fact.kind == FactKind.ASKED for fact in facts[thread.id])]
    if not asked:
        return sum(_forget(session, thread) for thread in threads if facts[thread.id])
    book = read_book(session)
    above = organizations_of(session, {t.contact_id for t in asked if t.contact_id}) if book.asks_for_organizations else {}
    rows, steps = known.read_clocks()
    read_policies(session, (fact.policy_version_id for thread in asked for fact in facts[thread.id]))
    for thread in asked:
        choice = book.choose(thread, above.get(thread.contact_id, ()) if thread.contact_id else ())
        _follow_terms(made, thread, facts[thread.id], choice, now=changed_at or now, because=because)
        _make_clocks(session, made, thread, facts[thread.id], choice, rows[thread.id], steps[thread.id])
    made.write(session)
    return made.changed


@dataclass
class _Made:
    """Collects the rows to write, and writes them together."""

    facts: list[dict[str, Any]] = field(default_factory=list)
    clocks: list[dict[str, Any]] = field(default_factory=list)
    gone: list[uuid.UUID] = field(default_factory=list)
    changed: int = 0

    def write(self, session: Session) -> None:
        if self.facts:
            session.connection().execute(_ADD_FACTS, self.facts)
        if self.gone:
            session.execute(sa.delete(CLOCKS).where(CLOCKS.c.id.in_(self.gone)))
        if self.clocks:
            session.connection().execute(_keep_clocks(), self.clocks)
        session.flush()


@lru_cache(maxsize=1)
def _keep_clocks() -> postgresql.Insert:
    statement = postgresql.insert(CLOCKS)
    new = {name: statement.excluded[name] for name in (*_COMPARED, *_BY)}
    return statement.on_conflict_do_update(index_elements=["thread_id", "kind", "started_at"], set_=new)


class _Known:
    """The stored facts of some threads, by thread id. Without threads, no query is made."""

    def __init__(self, session: Session, thread_ids: set[uuid.UUID]) -> None:
        self._session, self._values = session, {"thread_ids": list(thread_ids)}
        self.facts = _by_thread(self._read(FACTS_OF))

    def read_clocks(self) -> tuple[defaultdict[uuid.UUID, list[Any]], defaultdict[uuid.UUID, Reached]]:
        """Return (stored clocks, steps that they reached), both by thread id."""
        return _by_thread(self._read(CLOCKS_OF)), _reached(self._read(STEPS_OF))

    def _read(self, query: sa.Select[*tuple[Any, ...]]) -> Iterable[Any]:
        return self._session.execute(query, self._values) if self._values["thread_ids"] else ()


def _by_thread(rows: Iterable[Any]) -> defaultdict[uuid.UUID, list[Any]]:
    found: defaultdict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.thread_id].append(row)
    return found


def _reached(rows: Iterable[Any]) -> defaultdict[uuid.UUID, Reached]:
    found: defaultdict[uuid.UUID, Reached] = defaultdict(dict)
    for row in rows:
        found[row.thread_id].setdefault((row.kind, row.started_at), set()).add(row.step)
    return found


def _forget(session: Session, thread: Thread) -> int:
    """Delete the clocks of a thread that has no question any more. Return 1 if it had clocks, else 0."""
    gone = session.execute(sa.delete(CLOCKS).where(CLOCKS.c.thread_id == thread.id).returning(CLOCKS.c.id)).all()
    set_response_due(thread, None)
    session.flush()
    return 1 if gone else 0


def _follow_terms(made: _Made, thread: Thread, facts: list[Any], choice: Choice, *, now: datetime, because: str) -> None:
    """Add a TERMS fact if the terms that apply now differ from those of the last TERMS fact."""
    last = next((fact for fact in reversed(facts) if fact.kind == FactKind.TERMS), None)
    if last is not None and (last.policy_version_id, last.calendar_version_id) == choice.key:
        return
    at = facts[0].at if last is None else max(now, last.at)
    row = new_fact(thread.id, FactKind.TERMS, at=at, choice=choice, because="" if last is None else because)
    made.facts.append(row)
    facts.append(_Row(**row))


@dataclass(frozen=True)
class _Row:
    """A fact that will be written. It has the same attributes as a row that was read from the database."""

    id: uuid.UUID
    thread_id: uuid.UUID
    at: datetime
    kind: FactKind
    value: str
    message_id: uuid.UUID | None
    policy_version_id: uuid.UUID | None
    calendar_version_id: uuid.UUID | None
    because: str


def facts_of(rows: Iterable[Any]) -> list[Fact]:
    """Convert database rows to facts for the functions of clock.py. The policy versions in the rows must be read before."""
    return [
        Fact(
            seconds(row.at),
            row.kind,
            row.value,
            str(row.message_id or ""),
            terms_of(row.policy_version_id) if row.kind == FactKind.TERMS else None,
        )
        for row in rows
    ]


def _make_clocks(
    session: Session, made: _Made, thread: Thread, facts: list[Any], choice: Choice, rows: list[Any], steps: Reached
) -> None:
    policy_id, calendar_id = choice.key
    calendar = read_calendar(session, calendar_id)
    clocks = evaluate(facts_of(sorted(facts, key=lambda fact: (fact.at, fact.id))), calendar)
    former = {(row.kind, row.started_at): row for row in rows}
    wanted = {}
    for clock in clocks:
        key = (clock.kind, datetime.fromtimestamp(clock.started, UTC))
        step_at = next_step_at(clock, calendar, choice.policy.rules if choice.policy else None, steps.get(key, set()))
        wanted[key] = {
            **_values(clock, step_at),
            "id": new_id(),
            "thread_id": thread.id,
            "kind": clock.kind,
            "started_at": key[1],
            "policy_version_id": policy_id,
            "calendar_version_id": calendar_id,
        }
    changed = [values for key, values in wanted.items() if key not in former or _differs(former[key], values)]
    made.clocks += changed
    made.gone += [row.id for key, row in former.items() if key not in wanted]
    due_at = _response_due(clocks)
    made.changed += bool(changed) or thread.response_due_at != due_at
    set_response_due(thread, due_at)


def _values(clock: Clock, step_at: int | None) -> dict[str, Any]:
    return {
        "target_seconds": clock.target,
        "due_at": instant(clock.due.at),
        "ended_at": instant(clock.ended),
        "outcome": clock.outcome,
        "paused_for": clock.paused_for,
        "next_step_at": instant(step_at),
    }


def _differs(row: Any, values: Mapping[str, Any]) -> bool:
    """Return True if the stored clock differs from the new values. For an ended clock, versions are not compared."""
    compared = _COMPARED if row.ended_at is not None else (*_COMPARED, *_BY)
    return any(getattr(row, name) != values[name] for name in compared)


def next_step_at(clock: Clock, calendar: Calendar, policy: PolicyRules | None, reached: set[str]) -> int | None:
    """Return when the next step that is not in `reached` is due, in seconds since 1970.

    Return None if the clock is paused, has ended, or has no step left.
    """
    if policy is None or clock.outcome != Outcome.RUNNING or clock.paused_for or clock.due.at is None:
        return None
    return min((at for key, at in step_instants(clock, calendar, policy).items() if key not in reached), default=None)


def step_instants(clock: Clock, calendar: Calendar, policy: PolicyRules) -> dict[str, int]:
    """Return step key -> time at which the step is due, in seconds since 1970. Steps without a known time are left out."""
    found = {}
    for step in policy.steps:
        if step.percent is not None:
            at = clock.instant_of(calendar, step.percent)
        else:
            at = None if clock.due.at is None else clock.due.at + (step.late_minutes or 0) * 60
        if at is not None:
            found[step.key] = at
    return found


def _response_due(clocks: Iterable[Clock]) -> datetime | None:
    """Return the deadline of the running response clock. Return None if no response clock runs."""
    waiting = (c for c in clocks if c.kind != ClockKind.RESOLUTION and c.outcome == Outcome.RUNNING and not c.paused_for)
    return next((instant(clock.due.at) for clock in waiting), None)
