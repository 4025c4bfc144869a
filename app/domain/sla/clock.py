"""Calculate a thread's SLA clocks: a pure function of facts, terms and calendar.

*First response* runs from a contact's first question to the first answer. *Next response* runs from a question after an
answer to the next answer. *Resolution* runs from the first question to the end of the matter. No clock runs while the thread
is closed, or waits for something for which its terms pause the clocks. A matter that is reopened after its reopen window is
a new matter.

If the terms change while a clock runs, its target changes. A longer target counts from the start of the clock, and the
deadline never becomes earlier. A shorter target counts from the change, so that no clock is late when the change takes
effect, and the deadline never becomes later.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from app.domain.sla.calendar import Calendar
from app.domain.sla.timing import Due, Pause, Segment, counted_seconds, due_after, segments_between, tidy

CLOSED_STATUSES = frozenset({"resolved", "closed"})
CLOSED = "closed"
"""The reason of a pause that needs no terms: the thread is closed, or spam."""


class FactKind(StrEnum):
    ASKED = "asked"  # somebody outside wrote; `ref`: the message
    ANSWERED = "answered"  # somebody of ours answered; `ref`: the message
    NEEDLESS = "needless"  # somebody said that no answer is needed; `ref`: the newest message then
    WITHDRAWN = "withdrawn"  # the answer `ref` was taken back or never arrived, or one is needed after all
    STATUS = "status"  # `value`: the status from now on
    WAITING = "waiting"  # `value`: what the thread waits for by its tasks, "": nothing any more
    SNOOZED = "snoozed"  # `value`: "yes", or "" for awake
    SPAM = "spam"  # `value`: "yes", or ""
    TERMS = "terms"  # other terms hold from now on


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    RESOLUTION = "resolution"


class Outcome(StrEnum):
    RUNNING = "running"
    ANSWERED = "answered"
    NEEDLESS = "needless"  # somebody said that no answer is needed
    CLOSED = "closed"  # the thread was closed before the clock's end came


@dataclass(frozen=True)
class Terms:
    """The promised times in seconds of open time (None: no promise), and the reasons in `pauses` for which the clocks stop.

    `name` is the name of the policy.
    """

    first_response: int | None = None
    next_response: int | None = None
    resolution: int | None = None
    pauses: frozenset[str] = frozenset()
    reopen_seconds: int = 7 * 86_400
    name: str = ""

    def target(self, kind: ClockKind) -> int | None:
        """Return the promised seconds for a clock of this kind. Return None if nothing is promised."""
        return {
            ClockKind.FIRST_RESPONSE: self.first_response,
            ClockKind.NEXT_RESPONSE: self.next_response,
            ClockKind.RESOLUTION: self.resolution,
        }[kind]


WAITING_STATUSES = ("waiting_customer", "waiting_internal")
PAUSES = (*WAITING_STATUSES, "task", "snoozed")
"""What terms can pause for: two statuses, a task the thread waits for, and being snoozed."""


@dataclass(frozen=True)
class Fact:
    """Something that happened to a thread. `at` is in whole seconds since 1970. `terms` is set for a fact of kind TERMS only."""

    at: int
    kind: FactKind
    value: str = ""
    ref: str = ""
    terms: Terms | None = None


@dataclass(frozen=True)
class Retarget:
    """A change of a clock's target. From `at` on, the target is `target` seconds, counted from the start of the clock.

    `promised` and `name` come from the new terms: the promised seconds (None: no promise) and the name of the policy.
    """

    at: int
    promised: int | None
    target: int | None
    name: str = ""


@dataclass(frozen=True)
class Clock:
    """One SLA clock of a thread. `target` is in counted seconds (None: no promise). `started` and `ended` are in seconds since
    1970.

    `ended` is None while the clock has not stopped for good.
    """

    kind: ClockKind
    started: int
    target: int | None
    pauses: tuple[Pause, ...] = ()
    changes: tuple[Retarget, ...] = ()
    ended: int | None = None
    outcome: Outcome = Outcome.RUNNING
    due: Due = field(default_factory=lambda: Due(None))

    @property
    def paused_for(self) -> str:
        """Return the reason of the current pause. Return "" if the clock is not paused now."""
        return self.pauses[-1].why if self.ended is None and self.pauses and self.pauses[-1].end is None else ""

    @property
    def is_late(self) -> bool:
        """Return True if the clock ended after it was due. A clock that has not ended is never late here."""
        return self.ended is not None and self.due.at is not None and self.ended > self.due.at

    def counted(self, calendar: Calendar, at: int) -> int:
        """Return how many seconds the clock has counted by the time `at`."""
        return counted_seconds(calendar, self.started, max(self.started, self._until(at)), self.pauses)

    def instant_of(self, calendar: Calendar, share: int) -> int | None:
        """Return the time (seconds since 1970) at which `share` percent of the target are used. Return None if it is unknown."""
        if self.target is None:
            return None
        return due_after(calendar, self.started, -(-self.target * share // 100), self.pauses).at

    def segments(self, calendar: Calendar, now: int) -> tuple[Segment, ...]:
        """Split the time of the clock into segments: counted, closed or paused.

        They go from its start to its end. If it has not ended, they go to its due time, or to `now` if it has none.
        """
        until = self.ended if self.ended is not None else self.due.at if self.due.at is not None else now
        return segments_between(calendar, self.started, max(until, self.started), self.pauses)

    def _until(self, at: int) -> int:
        return at if self.ended is None else min(at, self.ended)


def evaluate(facts: Sequence[Fact], calendar: Calendar) -> list[Clock]:
    """Return all clocks that follow from these facts, in the order of their start.

    Facts with the same time are applied in the given order.
    """
    life = _Life(_settled(facts))
    return [_timed(clock, life, calendar) for clock in life.clocks()]


def _settled(facts: Iterable[Fact]) -> list[Fact]:
    """Return the facts in the order of their times, without answers and `NEEDLESS` facts that were withdrawn.

    The status "waiting_customer" that was set at the same time as a withdrawn fact is left out too.
    """
    found: list[Fact] = []
    for fact in sorted(facts, key=lambda f: f.at):
        if fact.kind != FactKind.WITHDRAWN:
            found.append(fact)
            continue
        gone = {f.at for f in found if f.kind in _ENDINGS and f.ref == fact.ref}
        found = [f for f in found if not (f.at in gone and _is_of_answer(f, fact.ref))]
    return found


_ENDINGS = (FactKind.ANSWERED, FactKind.NEEDLESS)


def _is_of_answer(fact: Fact, ref: str) -> bool:
    return (fact.kind in _ENDINGS and fact.ref == ref) or (fact.kind == FactKind.STATUS and fact.value == "waiting_customer")


@dataclass
class _Open:
    """A clock that is being built while the facts are read."""

    kind: ClockKind
    started: int
    ended: int | None = None
    outcome: Outcome = Outcome.RUNNING

    def end(self, at: int, outcome: Outcome) -> None:
        self.ended, self.outcome = at, outcome


class _Life:
    """Reads the facts of one thread once, and collects the pauses, the terms and the clocks that follow from them."""

    def __init__(self, facts: list[Fact]) -> None:
        self.facts = facts
        self.terms: list[tuple[int, Terms]] = []
        self.pauses: list[Pause] = []
        self._found: list[_Open] = []
        self._response: _Open | None = None
        self._resolution: _Open | None = None
        self._is_answered = False
        self._state = {"status": "open", "waiting": "", "snoozed": "", "spam": ""}
        self._paused: tuple[int, str] | None = None
        self._closed_at: int | None = None
        self._reopened: tuple[int, int] | None = None  # (when, when it had been closed)

    def clocks(self) -> list[Clock]:
        for fact in self.facts:
            self._take(fact)
        if self._paused is not None:
            self.pauses.append(Pause(self._paused[0], None, self._paused[1]))
        if self._closed_at is not None:
            self._end_all(self._closed_at)
        return [Clock(c.kind, c.started, None, ended=c.ended, outcome=c.outcome) for c in self._found]

    def _take(self, fact: Fact) -> None:
        if fact.kind == FactKind.ASKED:
            self._ask(fact.at)
        elif fact.kind == FactKind.ANSWERED:
            self._answer(fact.at)
        elif fact.kind == FactKind.NEEDLESS:
            self._end_response(fact.at, Outcome.NEEDLESS)
        elif fact.kind == FactKind.TERMS and fact.terms is not None:
            self.terms.append((fact.at, fact.terms))
        elif fact.kind.value in self._state:
            self._state[fact.kind.value] = fact.value
            self._open_or_close(fact.at)
        self._pause(fact.at)

    def _ask(self, at: int) -> None:
        if self._reopened is not None and self._reopened[0] == at:
            self._end_response(self._reopened[1], Outcome.CLOSED)  # a new question brought it back
        if self._resolution is None:
            self._resolution = self._begin(ClockKind.RESOLUTION, at)
        if self._response is None:
            self._response = self._begin(ClockKind.NEXT_RESPONSE if self._is_answered else ClockKind.FIRST_RESPONSE, at)

    def _answer(self, at: int) -> None:
        self._is_answered = self._is_answered or self._response is not None
        self._end_response(at, Outcome.ANSWERED)

    def _begin(self, kind: ClockKind, at: int) -> _Open:
        self._found.append(_Open(kind, at))
        return self._found[-1]

    def _end_response(self, at: int, outcome: Outcome) -> None:
        if self._response is not None:
            self._response.end(max(at, self._response.started), outcome)
            self._response = None

    def _end_all(self, at: int) -> None:
        self._end_response(at, Outcome.CLOSED)
        if self._resolution is not None:
            self._resolution.end(max(at, self._resolution.started), Outcome.CLOSED)
            self._resolution = None

    def _open_or_close(self, at: int) -> None:
        is_closed = self._state["status"] in CLOSED_STATUSES or self._state["spam"] != ""
        if is_closed and self._closed_at is None:
            self._closed_at = at
        elif not is_closed and self._closed_at is not None:
            self._reopened, closed_at = (at, self._closed_at), self._closed_at
            self._closed_at = None
            if at - closed_at > self._current.reopen_seconds:
                self._end_all(closed_at)
                self._is_answered = False

    def _pause(self, at: int) -> None:
        """After a fact at the time `at`, end the current pause if its reason is gone, and start a pause if there is a reason."""
        why = self._why_paused()
        if self._paused is not None and self._paused[1] != why:
            self.pauses.append(Pause(self._paused[0], at, self._paused[1]))
            self._paused = None
        if why and self._paused is None:
            self._paused = (at, why)

    def _why_paused(self) -> str:
        if self._closed_at is not None:
            return CLOSED
        pauses, status = self._current.pauses, self._state["status"]
        if status in pauses:
            return status
        if self._state["waiting"] and "task" in pauses:
            return f"task:{self._state['waiting']}"
        return "snoozed" if self._state["snoozed"] and "snoozed" in pauses else ""

    @property
    def _current(self) -> Terms:
        return self.terms[-1][1] if self.terms else Terms()


def _timed(clock: Clock, life: _Life, calendar: Calendar) -> Clock:
    """Return the clock with its pauses, its targets, and its due time."""
    end = clock.ended
    theirs = (p for p in tidy(life.pauses) if (p.end is None or p.end > clock.started) and (end is None or p.begin < end))
    clock = replace(clock, pauses=tuple(theirs))
    changes = _changes(clock, life.terms, calendar)
    clock = replace(clock, changes=changes, target=changes[-1].target if changes else None)
    if clock.target is None:
        return clock
    return replace(clock, due=due_after(calendar, clock.started, clock.target, clock.pauses))


def _changes(clock: Clock, terms: Sequence[tuple[int, Terms]], calendar: Calendar) -> tuple[Retarget, ...]:
    before = [t for at, t in terms if at <= clock.started]
    first = before[-1] if before else (terms[0][1] if terms else Terms())
    promised = first.target(clock.kind)
    found = [Retarget(clock.started, promised, promised, first.name)]
    for at, held in terms:
        if at <= clock.started or (clock.ended is not None and at > clock.ended):
            continue
        if held.target(clock.kind) != found[-1].promised or held.name != found[-1].name:
            found.append(_retarget(found[-1], held, clock, at, calendar))
    return tuple(found)


def _retarget(last: Retarget, held: Terms, clock: Clock, at: int, calendar: Calendar) -> Retarget:
    promised = held.target(clock.kind)
    if promised is None or promised == last.promised:
        return Retarget(at, promised, None if promised is None else last.target, held.name)
    if last.promised is not None and promised > last.promised:
        return Retarget(at, promised, None if last.target is None else max(last.target, promised), held.name)
    used = counted_seconds(calendar, clock.started, at, clock.pauses)
    shorter = used + promised
    return Retarget(at, promised, shorter if last.target is None else min(last.target, shorter), held.name)
