"""Derive the facts of a thread, task or survey: a pure function of its history and the present time.

All facts are derived anew each time, so a repeat changes nothing; the order in which events became known does not matter.

Definitions are in docs/analytics.md; tests/domain/analytics/reference.py computes the same figures another way.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from app.domain.analytics.histories import Happened, Moment, Said, Span, TaskHistory, ThreadHistory
from app.domain.analytics.kinds import Kind
from app.domain.analytics.verdicts import SurveyHistory
from app.domain.sla.clock import CLOSED_STATUSES, ClockKind, FactKind, Outcome
from app.domain.surveys.models import DETRACTOR_SCORE, GOOD_SCORE, PROMOTER_SCORE
from app.domain.threads.models import MessageType

FIRST_CONTACT_AFTER = timedelta(days=7)
"""So long after a matter ended it is known whether its contact had to ask again."""
ROUTED_AFTER = timedelta(days=1)
"""So long a rule's choice of a person can still turn out wrong."""


@dataclass(frozen=True)
class Scope:
    """The brand, channel, team, person and other groups that a fact belongs to; stored as `ReportScope`."""

    brand_id: uuid.UUID
    channel_id: uuid.UUID | None
    medium: str
    team_id: uuid.UUID | None
    user_id: uuid.UUID | None
    thread_type: str
    priority: str
    partner_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Fact:
    """A fact to store as a `ReportFact` row. See `ReportFact` for the fields."""

    kind: Kind
    at: datetime
    local_day: date
    local_hour: int
    scope: Scope
    thread_id: uuid.UUID | None
    ref: uuid.UUID | None = None
    open_seconds: int | None = None
    wall_seconds: int | None = None
    met: bool | None = None
    score: int | None = None
    amount: Decimal | None = None
    currency: str | None = None


@dataclass(frozen=True)
class Derived:
    """All facts of a subject up to now. `next_at` is when the next fact arises by the passing of time alone, or None if none
    will."""

    facts: tuple[Fact, ...]
    next_at: datetime | None = None


def derive_thread(history: ThreadHistory, *, now: datetime) -> Derived:
    """Derive the facts of a thread. Spam and internal tickets have none."""
    if history.is_left_out:
        return Derived(())
    life = _Life(history, now)
    facts = tuple(sorted(life.facts(), key=lambda fact: (fact.at, fact.kind, str(fact.ref))))
    return Derived(tuple({(f.kind, f.at, f.ref): f for f in facts}.values()), min(life.later, default=None))


def derive_task(history: TaskHistory, *, now: datetime) -> Derived:
    """Derive the fact of a task with a due date: met if completed on time, not met if late. It counts on the day of the due
    date or of the completion, whichever is earlier.

    A cancelled task and an open task that is not due yet have no fact.
    """
    due, done = history.due_at, history.completed_at
    if due is None or history.is_cancelled:
        return Derived(())
    if done is None and due > now:
        return Derived((), due)
    at = due if done is None else min(done, due)
    day_ends = timedelta(microseconds=1) if at == due else timedelta()  # what is due by midnight is due on the day before
    local = (at - day_ends).astimezone(history.zone)
    scope = Scope(history.brand_id, None, "", None, history.user_id, "", history.priority)
    met = done is not None and done <= due
    return Derived((Fact(Kind.TASK, at, local.date(), local.hour, scope, history.thread_id, history.task_id, met=met),))


def derive_survey(history: SurveyHistory) -> Derived:
    """Derive the facts of a survey question: one on the day it was sent, and others on the day of the first answer.

    An answer that may come from a machine is ignored. The score counts for the user who was rated.
    """
    if history.sent_at is None:
        return Derived(())
    scope = Scope(
        history.brand_id,
        history.channel_id,
        history.medium,
        history.team_id,
        history.user_id,
        history.thread_type,
        history.priority,
    )

    def fact(kind: Kind, at: datetime, met: bool | None, score: int | None = None) -> Fact:
        local = at.astimezone(history.zone)
        return Fact(kind, at, local.date(), local.hour, scope, history.thread_id, history.invitation_id, met=met, score=score)

    said, asked = history.said, fact(Kind.SURVEY_SENT, history.sent_at, history.said is not None)
    if said is None:
        return Derived((asked,))
    if history.is_campaign:
        met = True if said.score >= PROMOTER_SCORE else False if said.score <= DETRACTOR_SCORE else None
        return Derived((asked, fact(Kind.RECOMMENDS, said.at, met, said.score)))
    parts = [fact(Kind.SATISFACTION, said.at, said.score >= GOOD_SCORE, said.score)]
    parts += [fact(Kind.SOLVED, said.at, said.is_solved)] if said.is_solved is not None else []
    parts += [fact(Kind.SPEED, said.at, None, said.speed)] if said.speed is not None else []
    parts += [fact(Kind.REACH, said.at, None, said.reach)] if said.reach is not None else []
    return Derived((asked, *parts))


class _Life:
    """A thread while its facts are derived. `later` collects the times at which the passing of time alone adds facts."""

    def __init__(self, history: ThreadHistory, now: datetime) -> None:
        self.history, self.now = history, now
        self.later: list[datetime] = []
        self.messages = {said.id: said for said in history.messages}
        self.assigned = [one for one in history.events if one.type == "ThreadAssigned"]
        self.handed = [one for one in history.events if one.type == "ThreadHandedOver"]
        self.changed = {one.at: one for one in history.events if one.type == "ThreadStatusChanged"}
        self.asked = [one for one in history.moments if one.kind == FactKind.ASKED]
        self.answers = [one for one in history.moments if one.kind == FactKind.ANSWERED]

    def facts(self) -> Iterator[Fact]:
        for span in self.history.spans:
            if span.kind == ClockKind.RESOLUTION:
                yield from self._matter(span)
            else:
                yield from self._response(span)
        yield from self._closings()
        for said in self.history.messages:
            yield from self._message(said)

    # Responses and promises

    def _response(self, span: Span) -> Iterator[Fact]:
        first = span.kind == ClockKind.FIRST_RESPONSE
        if span.outcome == Outcome.ANSWERED and span.ended_at is not None:
            answer = next((one for one in self.answers if one.at == span.ended_at), None)
            yield self._fact(
                Kind.FIRST_RESPONSE if first else Kind.NEXT_RESPONSE,
                span.ended_at,
                user_id=self._writer(answer, span.ended_at),
                question=span.started_at,
                ref=answer.message_id if answer else None,
                span=span,
            )
        yield from self._promise(span, Kind.FIRST_PROMISE if first else Kind.NEXT_PROMISE)

    def _promise(self, span: Span, kind: Kind) -> Iterator[Fact]:
        """Yield the fact of a deadline. It is met, at the time the clock ended, or missed, at the due time even if the clock
        ended later. Yield nothing without a due time or while it is still open."""
        due, ended = span.due_at, span.ended_at
        if due is None:
            return
        is_kept = ended is not None and ended <= due
        if is_kept and ended is not None and (span.outcome == Outcome.ANSWERED or span.kind == ClockKind.RESOLUTION):
            answer = next((one for one in self.answers if one.at == ended), None)
            user_id = self._writer(answer, ended) if span.kind != ClockKind.RESOLUTION else self._closer(ended)
            yield self._fact(kind, ended, user_id=user_id, question=span.started_at, span=span, met=True)
        elif not is_kept and due <= self.now:
            yield self._fact(kind, due, user_id=self._holder(due), question=span.started_at, met=False)
        elif ended is None:
            self.later.append(due)

    # Matters

    def _matter(self, span: Span) -> Iterator[Fact]:
        yield self._fact(Kind.RECEIVED, span.started_at, user_id=self._holder_that_day(span.started_at), question=span.started_at)
        yield from self._promise(span, Kind.RESOLUTION_PROMISE)
        yield from self._first_holder(span)
        yield from self._escalation(span)
        if span.ended_at is None:
            return
        ended, closer = span.ended_at, self._closer(span.ended_at)
        yield self._fact(Kind.RESOLVED, ended, user_id=closer, question=span.started_at, span=span)
        answers = [one for one in self.answers if span.started_at <= one.at <= ended]
        if answers:
            writer = self._writer(answers[0], answers[0].at)
            one_touch = len(answers) == 1 and not self._reopened_within(span)
            yield self._fact(Kind.ONE_TOUCH, ended, user_id=writer, question=span.started_at, met=one_touch)
            yield from self._first_contact(span, ended, closer)

    def _first_contact(self, span: Span, ended: datetime, closer: uuid.UUID | None) -> Iterator[Fact]:
        """Yield the fact of first-contact resolution, seven days after the end: met if the contact asked nothing again, in this
        thread or another."""
        final = ended + FIRST_CONTACT_AFTER
        if self.now < final:
            self.later.append(final)
            return
        again = any(
            one.kind == ClockKind.NEXT_RESPONSE and span.started_at <= one.started_at <= ended and one.outcome == Outcome.ANSWERED
            for one in self.history.spans
        )
        began = [one.started_at for one in self.history.spans if one.kind == ClockKind.RESOLUTION]
        elsewhere = any(ended < at <= final for at in (*began, *self.history.others))
        met = not (again or elsewhere or self._reopened_within(span))
        yield self._fact(Kind.FIRST_CONTACT, ended, user_id=closer, question=span.started_at, met=met)

    def _first_holder(self, span: Span) -> Iterator[Fact]:
        """Yield the fact of the first assignment: met if a rule made it, not met if a person did. If a rule made it, yield
        another fact, met if the assignment lasted."""
        first = next((one for one in self.assigned if one.to and _is_within(one.at, span)), None)
        if first is None or first.to is None:
            return
        holder = uuid.UUID(first.to)
        by_rule = first.by != ""
        yield self._fact(Kind.ASSIGNED, first.at, user_id=holder, question=span.started_at, met=by_rule)
        if not by_rule:
            return
        answered = next((one.at for one in self.answers if one.at >= first.at), None)
        final = first.at + ROUTED_AFTER
        until = min(final, answered) if answered is not None else final
        moved = any(first.at < one.at <= until and one.by == "" for one in (*self.assigned, *self.handed))
        if moved or self.now >= until:
            yield self._fact(Kind.ROUTED, first.at, user_id=holder, question=span.started_at, met=not moved)
        else:
            self.later.append(final)

    def _escalation(self, span: Span) -> Iterator[Fact]:
        """Yield the fact of the first escalation of a matter, if any. It is made by an SLA step at its due time, or by a
        person."""
        said = [at for at, one in self.changed.items() if one.to == "escalated" and one.user_id is not None]
        first = min((at for at in (*self.history.late_at, *said) if _is_within(at, span)), default=None)
        if first is not None:
            yield self._fact(Kind.ESCALATED, first, user_id=self._holder(first), question=span.started_at)

    def _closings(self) -> Iterator[Fact]:
        """Yield a fact for each closing by a person and for each reopening. A reopening is a later question in the same matter
        that was answered or is still open."""
        for closed, again in self._closed_times():
            event = self._event_of(closed)
            if event is None or event.user_id is not None:
                yield self._fact(Kind.CLOSING, closed, user_id=self._closer(closed), question=self._asked_before(closed))
            if again is not None and self._is_real(again):
                yield self._fact(Kind.REOPENED, again, user_id=self._closer(closed), question=again)

    def _closed_times(self) -> Iterator[tuple[datetime, datetime | None]]:
        """Yield each time the thread was closed, as a pair with the time of the first question after it in the same matter. The
        second value is None if no such question came."""
        closed: datetime | None = None
        again: datetime | None = None
        for moment in self.history.moments:
            is_status = moment.kind == FactKind.STATUS
            if is_status and moment.value in CLOSED_STATUSES:
                if closed is None or again is not None:
                    if closed is not None:
                        yield closed, again
                    closed, again = moment.at, None
            elif is_status and closed is not None and again is None:
                if not any(one.at == moment.at for one in self.asked):
                    yield closed, None  # opened by hand
                    closed = None
            elif moment.kind == FactKind.ASKED and closed is not None and again is None:
                if self._is_same_matter(moment.at):
                    again = moment.at
                else:
                    yield closed, None  # for good: what comes now is a new matter
                    closed = None
        if closed is not None:
            yield closed, again

    def _is_same_matter(self, at: datetime) -> bool:
        return not any(span.kind == ClockKind.RESOLUTION and span.started_at == at for span in self.history.spans)

    def _is_real(self, at: datetime) -> bool:
        """Return True if the question asked at `at` was answered or still waits for an answer. A message that only thanks is
        not a question."""
        responses = (one for one in self.history.spans if one.kind != ClockKind.RESOLUTION)
        return any(one.started_at == at and one.outcome != Outcome.CLOSED for one in responses)

    def _reopened_within(self, span: Span) -> bool:
        times = (again for _closed, again in self._closed_times() if again is not None and self._is_real(again))
        return any(_is_within(at, span) for at in times)

    # Messages

    def _message(self, said: Said) -> Iterator[Fact]:
        if said.is_old or said.is_gone or said.is_question:
            return
        if said.type == MessageType.AUTO_RESPONSE:
            yield self._of_message(Kind.AUTO_ANSWER, said, None)
        elif said.is_automatic:
            return
        elif said.type == MessageType.INCOMING:
            yield self._of_message(Kind.MESSAGE_IN, said, None)
        elif said.type == MessageType.OUTGOING and not said.is_forward:
            yield self._of_message(Kind.MESSAGE_OUT, said, said.user_id, met=said.id in self.history.templated)
        elif said.type == MessageType.PHONE_CALL:
            yield self._of_message(Kind.CALL, said, said.user_id)

    def _of_message(self, kind: Kind, said: Said, user_id: uuid.UUID | None, met: bool | None = None) -> Fact:
        scope = self._scope(said.at, user_id, said.channel_id, said.medium)
        local = said.at.astimezone(self.history.zone)
        return Fact(kind, said.at, local.date(), local.hour, scope, self.history.thread_id, said.id, met=met)

    # Who, where, when

    def _fact(
        self,
        kind: Kind,
        at: datetime,
        *,
        user_id: uuid.UUID | None,
        question: datetime | None,
        ref: uuid.UUID | None = None,
        span: Span | None = None,
        met: bool | None = None,
    ) -> Fact:
        """Return a fact that counts for the channel of its `question`, given as the time it was asked. The durations come from
        `span`."""
        asked = next((one for one in self.asked if one.at == question), None)
        said = self.messages.get(asked.message_id) if asked is not None and asked.message_id else None
        channel_id = said.channel_id if said else self.history.channel_id
        medium = said.medium if said else self.history.medium
        local = at.astimezone(self.history.zone)
        wall = int((span.ended_at - span.started_at).total_seconds()) if span and span.ended_at else None
        return Fact(
            kind,
            at,
            local.date(),
            local.hour,
            self._scope(at, user_id, channel_id, medium),
            self.history.thread_id,
            ref,
            open_seconds=span.open_seconds if span else None,
            wall_seconds=wall,
            met=met,
        )

    def _scope(self, at: datetime, user_id: uuid.UUID | None, channel_id: uuid.UUID | None, medium: str) -> Scope:
        history = self.history
        team_id = _held_at(self.handed, at, history.team_id)
        kind = (history.thread_type, history.priority, history.partner_id)
        return Scope(history.brand_id, channel_id, medium, team_id, user_id, *kind)

    def _holder(self, at: datetime) -> uuid.UUID | None:
        return _held_at(self.assigned, at, self.history.user_id)

    def _holder_that_day(self, at: datetime) -> uuid.UUID | None:
        """Return the assignee at the end of the local day of `at`, or the present assignee if that day is not over."""
        local = at.astimezone(self.history.zone)
        ends = datetime.combine(local.date() + timedelta(days=1), time(), self.history.zone).astimezone(UTC)
        return self._holder(min(ends - timedelta(microseconds=1), self.now))

    def _closer(self, at: datetime) -> uuid.UUID | None:
        """Return the assignee at the time `at` of the closing. If there was none, return the user who closed the thread."""
        event = self._event_of(at)
        return self._holder(at) or (event.user_id if event else None)

    def _event_of(self, at: datetime) -> Happened | None:
        return self.changed.get(at)

    def _writer(self, answer: Moment | None, at: datetime) -> uuid.UUID | None:
        said = self.messages.get(answer.message_id) if answer is not None and answer.message_id else None
        return said.user_id if said is not None and said.user_id else self._holder(at)

    def _asked_before(self, at: datetime) -> datetime | None:
        return max((one.at for one in self.asked if one.at <= at), default=None)


def _held_at(changes: list[Happened], at: datetime, current: uuid.UUID | None) -> uuid.UUID | None:
    """Return the assignee or team at the time `at`, from `changes` in order of time. Return `current` if there are no changes."""
    if not changes:
        return current
    last = next((one for one in reversed(changes) if one.at <= at), None)
    found = last.to if last is not None else changes[0].former
    return uuid.UUID(found) if found else None


def _is_within(at: datetime, span: Span) -> bool:
    return span.started_at <= at and (span.ended_at is None or at <= span.ended_at)
