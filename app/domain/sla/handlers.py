"""Convert thread events to SLA facts and update the clocks, in the transaction of the event (see app/wiring.py).

An answer counts from the time at which it is queued. It does not count if it is taken back or fails. Automatic messages are
neither questions nor answers. Notes and forwards are not answers; an outgoing call that reached the contact is an answer.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.prepared import KEPT
from app.domain.delivery.third_parties import FORWARD_OF
from app.domain.events.models import Event
from app.domain.sla.clock import FactKind
from app.domain.sla.models import SlaFact, SlaStep
from app.domain.sla.update_clocks import FACTS, add_fact, new_fact, settle_thread, settle_threads
from app.domain.threads.actions import lock_thread
from app.domain.threads.automatic import by_people, in_older_threads
from app.domain.threads.courtesy import COURTESY
from app.domain.threads.models import Message, MessageType, Thread
from app.domain.threads.row_moves import move_rows, moved_ids, parse_move, remove_rows, return_rows

STEPS = table_of(SlaStep)
HISTORY = timedelta(days=3)
"""What is older when it comes in is history: nobody waits for an answer to it."""
FAILED = frozenset({"failed", "bounced", "expired"})
ARRIVED = frozenset({"accepted", "sent", "delivered", "read"})
_OF_STATE = (FactKind.STATUS, FactKind.WAITING, FactKind.SNOOZED, FactKind.SPAM)
_NOW = sa.bindparam("now", type_=sa.DateTime(timezone=True))
# By thread the last time its state changed before now, and whether it does now.
_STATES = (
    sa.select(
        FACTS.c.thread_id,
        sa.func.max(FACTS.c.at).filter(FACTS.c.at < _NOW).label("former"),
        sa.func.bool_or(FACTS.c.at == _NOW).label("is_new"),
    )
    .where(FACTS.c.thread_id == sa.any_(sa.bindparam("thread_ids", type_=sa.ARRAY(sa.Uuid))), FACTS.c.kind.in_(_OF_STATE))
    .group_by(FACTS.c.thread_id)
    .execution_options(**KEPT)
)


def hear_messages(session: Session, events: Sequence[Event]) -> None:
    """Handle `MessageReceived` events of different threads. A question starts a clock; an answer sent from another program ends
    it."""
    asked: defaultdict[datetime, dict[Message, datetime]] = defaultdict(dict)
    older = {event.thread_id for event in in_older_threads(events)}
    for event in by_people(session, events):
        message = session.get_one(Message, event.message_id)
        at = min(message.occurred_at, event.occurred_at)
        if message.message_type == MessageType.OUTGOING:
            _answer(session, message, at=at, now=event.occurred_at)
        elif message.message_type == MessageType.INCOMING and event.occurred_at - at < HISTORY and not message.meta.get(COURTESY):
            asked[event.occurred_at][message] = at
    for now, questions in asked.items():
        _ask(session, questions, now=now, older=older)


def hear_courtesy_undone(session: Session, event: Event) -> None:
    """Handle `CourtesyUndone`: the message was not only thanks, so count it as a question, from the time of the message."""
    message = session.get_one(Message, event.message_id)
    _ask(session, {message: message.occurred_at}, now=event.occurred_at, older={message.thread_id})


def hear_no_answer_needed(session: Session, event: Event) -> None:
    """Handle `AnswerNotNeeded` and `AnswerNeededAgain`: end the running response clock, or let it run again."""
    kind = FactKind.NEEDLESS if event.type == "AnswerNotNeeded" else FactKind.WITHDRAWN
    _note(session, event, kind, message_id=event.message_id)


def hear_reply(session: Session, event: Event) -> None:
    """Handle `MessageQueued`: count our reply as an answer. A failed reply that is sent again counts from the new time."""
    message = session.get(Message, event.message_id) if event.message_id else None
    if message is None or message.automatic is not None or message.message_type != MessageType.OUTGOING:
        return
    if FORWARD_OF not in message.meta:
        _answer(session, message, at=event.occurred_at, now=event.occurred_at)


def hear_call(session: Session, event: Event) -> None:
    """Handle `CallLogged`: count an outgoing call that reached the contact as an answer."""
    reached = event.payload.get("direction") == "outgoing" and event.payload.get("outcome") == "reached"
    message = session.get(Message, event.message_id) if reached and event.message_id else None
    if message is not None:
        _answer(session, message, at=event.occurred_at, now=event.occurred_at)


def withdraw_answer(session: Session, event: Event) -> None:
    """Handle `MessageTakenBack`: the answer no longer counts, and neither do answers of the thread that were sent at the same
    time."""
    this = sa.select(SlaFact.at).where(SlaFact.message_id == event.message_id, SlaFact.kind == FactKind.ANSWERED)
    together = sa.select(SlaFact.message_id).where(
        SlaFact.thread_id == event.thread_id, SlaFact.kind == FactKind.ANSWERED, SlaFact.at.in_(this)
    )
    for message_id in session.execute(together).scalars().all():
        _note(session, event, FactKind.WITHDRAWN, message_id=message_id)


def hear_delivery(session: Session, event: Event) -> None:
    """Handle `DeliveryChanged`: a failed reply no longer counts as an answer. If it arrives later, it counts again."""
    status = event.payload.get("status")
    if event.thread_id is None or event.message_id is None or status not in FAILED | ARRIVED:
        return
    last = _last_word(session, event.message_id)
    if status in FAILED and last == FactKind.ANSWERED:
        _note(session, event, FactKind.WITHDRAWN, message_id=event.message_id)
    elif status in ARRIVED and last == FactKind.WITHDRAWN:
        _note(session, event, FactKind.ANSWERED, message_id=event.message_id)


def hear_status(session: Session, event: Event) -> None:
    """Handle `ThreadStatusChanged`: store the status as a fact."""
    _note(session, event, FactKind.STATUS, str(event.payload["to"]))


def hear_snooze(session: Session, event: Event) -> None:
    """Handle `ThreadSnoozed` and `SnoozeEnded`: store it as a fact. A snooze pauses the clocks only if the policy says so."""
    _note(session, event, FactKind.SNOOZED, "yes" if event.type == "ThreadSnoozed" else "")


def hear_spam(session: Session, event: Event) -> None:
    """Handle `ThreadMarkedSpam` and `SpamEnded`: store it as a fact. At the end of spam, the thread's status is stored too."""
    thread = _asked_thread(session, event.thread_id)
    if thread is None:
        return
    if event.type == "SpamEnded":
        add_fact(session, thread.id, FactKind.STATUS, at=event.occurred_at, value=thread.status.value)
    _note(session, event, FactKind.SPAM, "yes" if event.type == "ThreadMarkedSpam" else "")


def hear_wait(session: Session, event: Event) -> None:
    """Handle `WaitBegan` and `WaitEnded`: store as a fact whether the thread waits for a task."""
    _note(session, event, FactKind.WAITING, str(event.payload.get("for") or "task") if event.type == "WaitBegan" else "")


def retarget(session: Session, event: Event) -> None:
    """Handle `ThreadPriorityChanged`, `ThreadHandedOver` and `ThreadEdited`: update the clocks if other terms apply now."""
    thread = _asked_thread(session, event.thread_id)
    if thread is not None:
        settle_thread(session, thread, now=event.occurred_at, because=event.type)


def follow_merged_thread(session: Session, event: Event) -> None:
    """Handle `ThreadsMerged` and `SplitUndone`: move facts and reached steps of the removed thread to the kept thread."""
    move = parse_move(event)
    if move.gone is None:
        return
    move_rows(session, FACTS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)
    other = STEPS.alias("other")
    same = [other.c[name] == STEPS.c[name] for name in ("kind", "started_at", "step")]
    twin = sa.exists(sa.select(other.c.id).where(other.c.thread_id == move.thread_id, *same))
    remove_rows(session, STEPS, move_id=move.noted_as, where=sa.and_(STEPS.c.thread_id == move.gone, twin))
    move_rows(session, STEPS, move_id=move.noted_as, origin=move.gone, target=move.thread_id)
    _settle(session, move.thread_id, event)


def follow_split(session: Session, event: Event) -> None:
    """Handle `ThreadSplit`: move the facts of the moved messages to the new thread."""
    move = parse_move(event)
    theirs = FACTS.c.message_id.in_(moved_ids(move.id, "messages"))
    move_rows(session, FACTS, move_id=move.id, origin=move.thread_id, target=move.other, where=(theirs,))
    for thread_id in (move.thread_id, move.other):
        _settle(session, thread_id, event)


def go_back(session: Session, event: Event) -> None:
    """Handle `MergeUndone` and `SplitUndone`: move facts and reached steps back to the thread from which they came."""
    move = parse_move(event)
    for table in (FACTS, STEPS):
        return_rows(session, table, move_id=move.id, origin=move.origin, target=move.target)
    for thread_id in (move.origin, move.target):
        _settle(session, thread_id, event)


def _settle(session: Session, thread_id: uuid.UUID, event: Event) -> None:
    thread = session.get(Thread, thread_id)
    if thread is not None:
        settle_thread(session, thread, now=event.occurred_at, because=event.type)


def _ask(session: Session, questions: Mapping[Message, datetime], *, now: datetime, older: Collection[uuid.UUID | None]) -> None:
    """Store questions as facts, with their times. Each message is in a different thread, which the caller has locked.

    Only the threads in `older` existed before their question and can have facts. If the question itself changed the thread's
    status (reopened it, ended a snooze), that fact gets the time of the question.
    """
    threads = [session.get_one(Thread, message.thread_id) for message in questions]
    asked_before = [thread.id for thread in threads if thread.id in older]
    rows = session.execute(_STATES, {"thread_ids": asked_before, "now": now}) if asked_before else ()
    known = {row.thread_id: row for row in rows}
    facts: list[dict[str, Any]] = []
    for thread, (message, at) in zip(threads, questions.items(), strict=True):
        state = known.get(thread.id)
        if state is None:
            facts += _state_of(thread, at)
        else:
            at = max(at, state.former) if state.former is not None else at
            if state.is_new:
                moved = sa.and_(FACTS.c.thread_id == thread.id, FACTS.c.kind.in_(_OF_STATE), FACTS.c.at == now)
                session.execute(sa.update(FACTS).where(moved).values(at=at))
        facts.append(new_fact(thread.id, FactKind.ASKED, at=at, message_id=message.id))
    begun = [fact for fact in facts if fact["thread_id"] not in older]
    if asked_before:
        session.execute(sa.insert(FACTS), [fact for fact in facts if fact["thread_id"] in older])
    settle_threads(session, threads, now=now, begun=begun)


def _state_of(thread: Thread, at: datetime) -> Iterator[dict[str, Any]]:
    """Yield the facts that describe the state of a thread at its first question."""
    yield new_fact(thread.id, FactKind.STATUS, at=at, value=thread.status.value)
    if thread.waiting_for:
        yield new_fact(thread.id, FactKind.WAITING, at=at, value=thread.waiting_for)
    if thread.snoozed_until is not None:
        yield new_fact(thread.id, FactKind.SNOOZED, at=at, value="yes")
    if thread.spam_at is not None:
        yield new_fact(thread.id, FactKind.SPAM, at=at, value="yes")


def _answer(session: Session, message: Message, *, at: datetime, now: datetime) -> None:
    add_fact(session, message.thread_id, FactKind.ANSWERED, at=at, message_id=message.id)
    thread = _asked_thread(session, message.thread_id)
    if thread is not None:
        settle_thread(session, thread, now=now)


def _note(session: Session, event: Event, kind: FactKind, value: str = "", message_id: uuid.UUID | None = None) -> None:
    """Store a fact and update the clocks of the thread. Do nothing if the thread has no question, because it then has no
    clocks."""
    thread = _asked_thread(session, event.thread_id)
    if thread is not None:
        add_fact(session, thread.id, kind, at=event.occurred_at, value=value, message_id=message_id)
        settle_thread(session, thread, now=event.occurred_at, because=event.type)


def _asked_thread(session: Session, thread_id: uuid.UUID | None) -> Thread | None:
    asked = sa.select(SlaFact.id).where(SlaFact.thread_id == thread_id, SlaFact.kind == FactKind.ASKED).limit(1)
    if thread_id is None or session.execute(asked).first() is None:
        return None
    return lock_thread(session, thread_id)


def _last_word(session: Session, message_id: uuid.UUID) -> FactKind | None:
    query = (
        sa.select(SlaFact.kind).where(SlaFact.message_id == message_id).order_by(SlaFact.at.desc(), SlaFact.id.desc()).limit(1)
    )
    return session.execute(query).scalar_one_or_none()
