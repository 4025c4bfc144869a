"""Dry-run a changed SLA policy or calendar on the threads of the last 30 days. Never writes."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.sla.actions import CalendarContent
from app.domain.sla.active_policies import Book, Choice, HeldCalendar, HeldPolicy, organizations_of, read_book, read_calendar
from app.domain.sla.calendar import Calendar
from app.domain.sla.clock import Clock, ClockKind, Fact, FactKind, Outcome, Terms, evaluate
from app.domain.sla.models import SlaClock
from app.domain.sla.rules import PolicyRules
from app.domain.sla.update_clocks import FACTS_OF, facts_of, seconds
from app.domain.threads.models import Thread

LOOKS_BACK = timedelta(days=30)
MOST_THREADS = 2000


@dataclass(frozen=True)
class Deadline:
    """The deadline of one clock. `due` is in seconds since 1970, None if there is no deadline. `is_late`: the clock missed it."""

    due: int | None
    is_late: bool


@dataclass(frozen=True)
class Difference:
    """A clock whose deadline would change. `before` and `after` are its deadlines with the present and with the changed rules."""

    thread_id: uuid.UUID
    number: int
    subject: str
    kind: ClockKind
    started: int
    before: Deadline | None
    after: Deadline | None

    @property
    def moved_seconds(self) -> int | None:
        """Return by how many seconds the deadline moves (negative: earlier). Return None if there is no deadline before or
        after the change."""
        if self.before is None or self.after is None or self.before.due is None or self.after.due is None:
            return None
        return self.after.due - self.before.due


@dataclass(frozen=True)
class DryRun:
    """The result of a dry run. `threads`: how many threads were tried, the newest first. `is_cut`: there are more in the last
    30 days.

    `late_before` and `late_after`: how many clocks are late with the present and with the changed rules.
    """

    threads: int
    is_cut: bool
    late_before: int
    late_after: int
    differences: tuple[Difference, ...]

    @property
    def changed_threads(self) -> int:
        return len({found.thread_id for found in self.differences})


def dry_run(
    session: Session,
    rules: PolicyRules,
    *,
    policy_id: uuid.UUID | None,
    position: int,
    brand_ids: Collection[uuid.UUID],
    now: datetime,
    most: int = MOST_THREADS,
) -> DryRun:
    """Return which deadlines would change if this policy were saved.

    `policy_id`: the policy that would be replaced, or None for a new one. `position`: its place in the order of policies.
    """
    book = read_book(session)
    changed = _Try(_with(book, rules, policy_id, position, now))
    return _compare(session, _Try(book), changed, brand_ids=brand_ids, now=now, most=most)


def dry_run_calendar(
    session: Session,
    content: CalendarContent,
    *,
    calendar_id: uuid.UUID | None,
    brand_ids: Collection[uuid.UUID],
    now: datetime,
    most: int = MOST_THREADS,
) -> DryRun:
    """Return which deadlines would change if this calendar were saved. The caller has checked that it can be
    (`check_calendar`).

    `calendar_id`: the calendar that would be replaced, or None for a new one.
    """
    book, version_id = read_book(session), new_id()
    scope = (content.team_id, content.channel_id, content.brand_id)
    held = HeldCalendar(calendar_id or new_id(), version_id, now, scope, content.is_by_name_only)
    others = tuple(calendar for calendar in book.calendars if calendar.id != calendar_id)
    changed = _Try(replace(book, calendars=(*others, held)), {version_id: Calendar(content.rules.rules())})
    return _compare(session, _Try(book), changed, brand_ids=brand_ids, now=now, most=most)


@dataclass(frozen=True)
class _Try:
    """The rules of one side of the comparison. `unsaved`: calendars that are not stored, by version id."""

    book: Book
    unsaved: Mapping[uuid.UUID, Calendar] = field(default_factory=dict)

    def calendar(self, session: Session, choice: Choice) -> Calendar:
        version_id = choice.calendar.version_id if choice.calendar else None
        found = self.unsaved.get(version_id) if version_id else None
        return found or read_calendar(session, version_id)


def _compare(
    session: Session, today: _Try, changed: _Try, *, brand_ids: Collection[uuid.UUID], now: datetime, most: int
) -> DryRun:
    tries = today, changed
    threads = _threads(session, brand_ids, now, most + 1)
    is_cut, threads = len(threads) > most, threads[:most]
    facts = _facts(session, threads)
    asks = any(one.book.asks_for_organizations for one in tries)
    above = organizations_of(session, {t.contact_id for t in threads if t.contact_id}) if asks else {}
    late_before, late_after, found = 0, 0, list[Difference]()
    for thread in threads:
        organizations = above.get(thread.contact_id, ()) if thread.contact_id else ()
        choices = [(one, one.book.choose(thread, organizations)) for one in tries]
        before, after = (
            _deadlines(facts[thread.id], choice, one.calendar(session, choice), now=seconds(now)) for one, choice in choices
        )
        late_before, late_after = late_before + _late(before), late_after + _late(after)
        found += _differences(thread, before, after)
    return DryRun(len(threads), is_cut, late_before, late_after, tuple(found))


def _facts(session: Session, threads: Sequence[Thread]) -> dict[uuid.UUID, list[Fact]]:
    """Read the facts of each thread. The terms that applied then are left out."""
    rows: dict[uuid.UUID, list[Any]] = {thread.id: [] for thread in threads}
    for row in session.execute(FACTS_OF, {"thread_ids": list(rows)}):
        if row.kind != FactKind.TERMS:
            rows[row.thread_id].append(row)
    return {thread_id: facts_of(found) for thread_id, found in rows.items()}


def _with(book: Book, rules: PolicyRules, policy_id: uuid.UUID | None, position: int, now: datetime) -> Book:
    policies = [policy for policy in book.policies if policy.id != policy_id]
    policies.insert(max(0, position), HeldPolicy(policy_id or new_id(), new_id(), now, rules))
    return replace(book, policies=tuple(policies))


def _threads(session: Session, brand_ids: Collection[uuid.UUID], now: datetime, most: int) -> Sequence[Thread]:
    begun = sa.select(SlaClock.thread_id).where(SlaClock.started_at > now - LOOKS_BACK)
    query = sa.select(Thread).where(Thread.brand_id.in_(brand_ids), Thread.id.in_(begun))
    return session.execute(query.order_by(Thread.last_message_at.desc(), Thread.id).limit(most)).scalars().all()


Clocks = dict[tuple[ClockKind, int], Deadline]


def _deadlines(facts: list[Fact], choice: Choice, calendar: Calendar, *, now: int) -> Clocks:
    """Return the deadlines of clocks that started in the last 30 days, as if this policy and calendar had always applied."""
    if not facts:
        return {}
    terms = choice.policy.rules.terms() if choice.policy else Terms()
    held = [facts[0], Fact(facts[0].at, FactKind.TERMS, terms=terms), *facts[1:]]
    since = now - int(LOOKS_BACK.total_seconds())
    clocks = (clock for clock in evaluate(held, calendar) if clock.started > since and clock.target is not None)
    return {(clock.kind, clock.started): Deadline(clock.due.at, _is_late(clock, now)) for clock in clocks}


def _is_late(clock: Clock, now: int) -> bool:
    runs = clock.outcome == Outcome.RUNNING and not clock.paused_for
    return clock.is_late or (runs and clock.due.at is not None and clock.due.at < now)


def _late(clocks: Clocks) -> int:
    return sum(deadline.is_late for deadline in clocks.values())


def _differences(thread: Thread, before: Clocks, after: Clocks) -> list[Difference]:
    keys = sorted(before.keys() | after.keys(), key=lambda key: (key[1], key[0]))
    changed = [key for key in keys if before.get(key) != after.get(key)]
    subject = thread.subject or thread.preview
    return [Difference(thread.id, thread.number, subject, *key, before.get(key), after.get(key)) for key in changed]
