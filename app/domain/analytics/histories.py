"""Read the histories of many threads or tasks in a few queries; facts are derived from them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.events.models import Event
from app.domain.orders.models import Order, OrderThread
from app.domain.reply_templates.models import ReplyTemplateUse
from app.domain.sla.active_policies import Book, read_book, read_calendar, read_policies
from app.domain.sla.clock import ClockKind, FactKind, Outcome, evaluate
from app.domain.sla.models import SlaClock, SlaFact, SlaStep
from app.domain.sla.update_clocks import CLOCKS_OF, FACTS_OF, facts_of, instant
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, MessageType, Thread, ThreadAlias

HOME = "Europe/Amsterdam"  # of a brand without a calendar
_THREADS = sa.bindparam("thread_ids", type_=sa.ARRAY(sa.Uuid))
_EVENTS = ("ThreadAssigned", "ThreadHandedOver", "ThreadStatusChanged")


@dataclass(frozen=True)
class Span:
    """An SLA clock as reports need it. `open_seconds`: the open time counted until its end; None while it runs."""

    kind: ClockKind
    started_at: datetime
    ended_at: datetime | None
    due_at: datetime | None
    outcome: Outcome
    open_seconds: int | None


@dataclass(frozen=True)
class Said:
    """A message without its text. `is_old`: it was imported long after it was written."""

    id: uuid.UUID
    at: datetime
    type: MessageType
    channel_id: uuid.UUID | None
    medium: str
    user_id: uuid.UUID | None
    is_automatic: bool
    is_forward: bool
    is_gone: bool
    is_old: bool
    is_question: bool  # what a customer is asked afterwards


@dataclass(frozen=True)
class Happened:
    """An event of a thread. `to` is the new assignee, team or status, and `former` the previous one. `by` is the kind of rule
    that made the change, or "" for a person."""

    type: str
    at: datetime
    user_id: uuid.UUID | None
    former: str | None
    to: str | None
    by: str


@dataclass(frozen=True)
class Moment:
    """A fact of the SLA clocks of a thread: a question, an answer or a status, with its time."""

    at: datetime
    kind: FactKind
    value: str
    message_id: uuid.UUID | None


@dataclass(frozen=True)
class ThreadHistory:
    """The history of a thread as reports need it. `others` has the times at which other matters of the same contact began."""

    thread_id: uuid.UUID
    brand_id: uuid.UUID
    channel_id: uuid.UUID | None
    medium: str
    team_id: uuid.UUID | None
    user_id: uuid.UUID | None
    thread_type: str
    priority: str
    partner_id: uuid.UUID | None
    is_left_out: bool
    zone: ZoneInfo
    spans: tuple[Span, ...] = ()
    moments: tuple[Moment, ...] = ()
    messages: tuple[Said, ...] = ()
    events: tuple[Happened, ...] = ()
    late_at: tuple[datetime, ...] = ()  # when an escalation step at or past its due time was reached
    templated: frozenset[uuid.UUID] = frozenset()  # messages that were written with a template
    others: tuple[datetime, ...] = ()


@dataclass(frozen=True)
class TaskHistory:
    """The history of a task as reports need it."""

    task_id: uuid.UUID
    thread_id: uuid.UUID | None
    brand_id: uuid.UUID
    user_id: uuid.UUID | None
    priority: str
    due_at: datetime | None
    completed_at: datetime | None
    is_cancelled: bool
    zone: ZoneInfo


@dataclass
class _Rows:
    """The rows of the threads or tasks to read, the book of SLA policies and calendars, and the time zone of each brand."""

    threads: Sequence[Any]
    book: Book
    zones: dict[uuid.UUID, ZoneInfo] = field(default_factory=dict)

    def zone(self, session: Session, brand_id: uuid.UUID) -> ZoneInfo:
        if brand_id not in self.zones:
            self.zones[brand_id] = reporting_zone(session, self.book, brand_id)
        return self.zones[brand_id]


def reporting_zone(session: Session, book: Book, brand_id: uuid.UUID) -> ZoneInfo:
    """Return the time zone of a brand's reports. It comes from the brand's calendar, else from the calendar for all brands,
    else it is Europe/Amsterdam."""
    held = {calendar.scope: calendar for calendar in book.calendars if not calendar.is_by_name_only}
    found = held.get((None, None, brand_id)) or held.get((None, None, None))
    return ZoneInfo(read_calendar(session, found.version_id).rules.zone if found else HOME)


def list_merged(session: Session, ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of the given thread ids whose threads were merged into another thread."""
    query = sa.select(ThreadAlias.old_id).where(ThreadAlias.old_id.in_(ids))
    return set(session.execute(query).scalars())


def read_threads(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, ThreadHistory]:
    """Return the histories of these threads by thread id. Deleted threads are left out. Ten queries, however many threads."""
    values = {"thread_ids": list(ids)}
    rows = _Rows(session.execute(_THREAD_ROWS, values).all(), read_book(session))
    facts = _by_thread(session.execute(FACTS_OF, values))
    clocks = _by_thread(session.execute(CLOCKS_OF, values))
    read_policies(session, (fact.policy_version_id for those in facts.values() for fact in those))
    messages = _by_thread(session.execute(_MESSAGE_ROWS, values))
    events = _by_thread(session.execute(_EVENT_ROWS, values))
    steps = _by_thread(session.execute(_STEP_ROWS, values))
    uses = set(session.execute(_USES, values).scalars())
    others, partners = _others(session, values), _partners(session, values)
    return {
        row.id: ThreadHistory(
            thread_id=row.id,
            brand_id=row.brand_id,
            channel_id=row.channel_id,
            medium=row.medium,
            team_id=row.team_id,
            user_id=row.assignee_user_id,
            thread_type=row.thread_type.value,
            priority=row.priority.value,
            partner_id=partners.get(row.id),
            is_left_out=row.spam_at is not None or (row.medium == "internal" and row.last_inbound_at is None),
            zone=rows.zone(session, row.brand_id),
            spans=_spans(session, facts[row.id], clocks[row.id]),
            moments=_moments(facts[row.id]),
            messages=tuple(map(_said, messages[row.id])),
            events=tuple(map(_happened, events[row.id])),
            late_at=tuple(_second(step.reached_at) for step in steps[row.id] if _is_late(step.step)),
            templated=frozenset(said.id for said in messages[row.id] if said.id in uses),
            others=tuple(others[row.id]),
        )
        for row in rows.threads
    }


def read_tasks(session: Session, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, TaskHistory]:
    """Return the histories of these tasks by task id. Deleted tasks are left out. Two queries, and those for the time zones."""
    rows = _Rows(session.execute(sa.select(Task).where(Task.id.in_(ids))).scalars().all(), read_book(session))
    return {
        task.id: TaskHistory(
            task_id=task.id,
            thread_id=task.thread_id,
            brand_id=task.brand_id,
            user_id=task.assignee_user_id,
            priority=task.priority.value,
            due_at=task.due_at,
            completed_at=task.completed_at,
            is_cancelled=task.status == "cancelled",
            zone=rows.zone(session, task.brand_id),
        )
        for task in rows.threads
    }


_THREAD_ROWS = (
    sa.select(
        Thread.id,
        Thread.brand_id,
        Thread.channel_id,
        Thread.medium,
        Thread.team_id,
        Thread.assignee_user_id,
        Thread.thread_type,
        Thread.priority,
        Thread.spam_at,
        Thread.last_inbound_at,
    )
    .where(Thread.id == sa.any_(_THREADS))
    .execution_options(**KEPT)
)
_MESSAGE_ROWS = (
    sa.select(
        Message.id,
        Message.thread_id,
        Message.occurred_at,
        Message.created_at,
        Message.message_type,
        Message.channel_id,
        Message.medium,
        Message.sender_user_id,
        Message.automatic,
        Message.revoked_at,
        Message.delivery_status,
        Message.meta.has_key("forward_of").label("is_forward"),
        Message.meta.has_key("survey_invitation_id").label("is_question"),
    )
    .where(Message.thread_id == sa.any_(_THREADS))
    .order_by(Message.occurred_at, Message.id)
    .execution_options(**KEPT)
)
_EVENT_ROWS = (
    sa.select(Event.thread_id, Event.type, Event.occurred_at, Event.actor_user_id, Event.payload)
    .where(Event.thread_id == sa.any_(_THREADS), Event.type.in_(_EVENTS))
    .order_by(Event.occurred_at, Event.id)
    .execution_options(**KEPT)
)
_STEP_ROWS = (
    sa.select(SlaStep.thread_id, SlaStep.step, SlaStep.reached_at)
    .where(SlaStep.thread_id == sa.any_(_THREADS))
    .order_by(SlaStep.reached_at)
    .execution_options(**KEPT)
)
_USES = (
    sa.select(ReplyTemplateUse.message_id)
    .where(ReplyTemplateUse.thread_id == sa.any_(_THREADS), ReplyTemplateUse.sent_at.is_not(None))
    .execution_options(**KEPT)
)
_ACCOUNTS = (
    sa.select(OrderThread.thread_id, Order.account_contact_id)
    .join(Order, Order.id == OrderThread.order_id)
    .where(OrderThread.thread_id == sa.any_(_THREADS), Order.account_contact_id.is_not(None))
    .order_by(OrderThread.linked_at.desc(), Order.id.desc())
    .execution_options(**KEPT)
)


def _others(session: Session, values: dict[str, Any]) -> defaultdict[uuid.UUID, list[datetime]]:
    mine, other = sa.orm.aliased(Thread), sa.orm.aliased(Thread)
    query = (
        sa.select(mine.id.label("thread_id"), SlaClock.started_at)
        .join(other, sa.and_(other.contact_id == mine.contact_id, other.brand_id == mine.brand_id, other.id != mine.id))
        .join(SlaClock, sa.and_(SlaClock.thread_id == other.id, SlaClock.kind == ClockKind.RESOLUTION))
        .where(mine.id == sa.any_(_THREADS), other.spam_at.is_(None))
    )
    found: defaultdict[uuid.UUID, list[datetime]] = defaultdict(list)
    for row in session.execute(query, values):
        found[row.thread_id].append(row.started_at)
    return found


def _partners(session: Session, values: dict[str, Any]) -> dict[uuid.UUID, uuid.UUID]:
    """Return, by thread id, the partner of the order that the thread is about. If there are several orders, the first linked
    order counts."""
    return {row.thread_id: row.account_contact_id for row in session.execute(_ACCOUNTS, values)}


def _by_thread(rows: Iterable[Any]) -> defaultdict[uuid.UUID, list[Any]]:
    found: defaultdict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.thread_id].append(row)
    return found


def _spans(session: Session, facts: Sequence[Any], rows: Sequence[Any]) -> tuple[Span, ...]:
    """Return the SLA clocks of a thread. The open time of each clock is counted with the clock's own calendar."""
    if not rows:
        return ()
    pure = facts_of(facts)
    counted: dict[tuple[Any, Any, datetime | None], int] = {}
    for version_id in {row.calendar_version_id for row in rows}:
        calendar = read_calendar(session, version_id)
        for clock in evaluate(pure, calendar):
            if clock.ended is not None:
                counted[version_id, clock.kind, instant(clock.started)] = clock.counted(calendar, clock.ended)
    spans = [
        Span(
            ClockKind(row.kind),
            row.started_at,
            row.ended_at,
            row.due_at,
            Outcome(row.outcome),
            counted.get((row.calendar_version_id, row.kind, row.started_at)),
        )
        for row in rows
    ]
    return tuple(sorted(spans, key=lambda span: (span.started_at, span.kind)))


def _moments(facts: Sequence[SlaFact]) -> tuple[Moment, ...]:
    """Return the questions, statuses and answers in order; answers that were withdrawn are left out."""
    found: list[Moment] = []
    for fact in facts:
        if fact.kind == FactKind.WITHDRAWN:
            found = [one for one in found if not (one.kind == FactKind.ANSWERED and one.message_id == fact.message_id)]
        elif fact.kind in (FactKind.ASKED, FactKind.ANSWERED, FactKind.STATUS):
            found.append(Moment(_second(fact.at), fact.kind, fact.value, fact.message_id))
    return tuple(found)


def _said(row: Any) -> Said:
    return Said(
        id=row.id,
        at=row.occurred_at,
        type=row.message_type,
        channel_id=row.channel_id,
        medium=row.medium,
        user_id=row.sender_user_id,
        is_automatic=row.automatic is not None,
        is_forward=bool(row.is_forward),
        is_gone=row.revoked_at is not None or row.delivery_status in ("failed", "bounced", "expired"),
        is_question=bool(row.is_question),
        is_old=(row.created_at - row.occurred_at).days >= 3,
    )


def _happened(row: Any) -> Happened:
    payload = row.payload
    by = str(payload.get("by", {}).get("kind", "")) if isinstance(payload.get("by"), dict) else ""
    return Happened(row.type, _second(row.occurred_at), row.actor_user_id, payload.get("from"), payload.get("to"), by)


def _second(at: datetime) -> datetime:
    """Return the instant without fractions of a second, as SLA clocks count whole seconds."""
    return at.replace(microsecond=0)


def _is_late(step: str) -> bool:
    return step.startswith("+") or int(step.rstrip("%") or 0) >= 100
