"""Record an event: run its in-transaction handlers, write an outbox entry for each after-commit handler, and audit it."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.core.work import FAILED, READY
from app.domain.events.models import AuditEntry, Event, OutboxEntry
from app.domain.events.registry import Together, installed

MAX_DEPTH = 5
_GATHERED = "gathered_events"  # of a session, in its `info`
_PROMISE = sa.insert(table_of(OutboxEntry)).inline()


@dataclass(frozen=True)
class Actor:
    """Who makes a change: a user, with the IP address of the request, or the system (`user_id` None).

    `is_quiet`: no handler reacts to the change, as in an import of many orders. For changes made by a rule, `caused_by` is the
    event the rule reacted to, and `by` names the rule: {"kind": "routing" | "automation", "rule_id", "name", …}.
    """

    user_id: uuid.UUID | None = None
    ip: str | None = None
    caused_by: Event | None = field(default=None, compare=False, repr=False)
    by: dict[str, Any] | None = field(default=None, compare=False)
    is_quiet: bool = field(default=False, compare=False)


SYSTEM = Actor()


@dataclass(frozen=True)
class Subject:
    """The brand, thread and message that an event is about."""

    brand_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    message_id: uuid.UUID | None = None


class EventLoop(Exception):
    """A chain of events that caused each other is longer than MAX_DEPTH."""


def record(
    session: Session,
    event_type: str,
    *,
    subject: Subject,
    now: datetime,
    actor: Actor = SYSTEM,
    payload: dict[str, Any] | None = None,
    caused_by: Event | None = None,
    about: tuple[str, object] | None = None,
) -> Event:
    """Write an event, run its in-transaction handlers and promise its after-commit handlers, all in the caller's transaction.

    `event_type` is in the past tense and listed in app/wiring.py. `caused_by`: the event that led to this one. An event of a
    user is also written to the audit log, under `about` (kind, id) if given, otherwise under the message or thread of
    `subject`. Raises `EventLoop` if a chain of events that caused each other is longer than MAX_DEPTH.
    """
    caused_by = caused_by or actor.caused_by
    depth = 0 if caused_by is None else caused_by.depth + 1
    if depth > MAX_DEPTH:
        raise EventLoop(f"{event_type} is {depth} events deep")
    event = Event(
        id=new_id(),
        type=event_type,
        occurred_at=now,
        brand_id=subject.brand_id,
        thread_id=subject.thread_id,
        message_id=subject.message_id,
        actor_user_id=actor.user_id,
        caused_by_id=caused_by.id if caused_by else None,
        depth=depth,
        payload={**(payload or {}), **({"by": actor.by} if actor.by else {})},
    )
    waiting = session.info.get(_GATHERED)
    if actor.is_quiet:
        session.add(event)
        session.flush()
    elif waiting is None:
        _react(session, [event])
    else:
        _gather(session, waiting, event)
    if actor.user_id is not None:
        target = about or (("message", subject.message_id) if subject.message_id else ("thread", subject.thread_id))
        audit(session, action=event_type, object_type=target[0], object_id=str(target[1]), now=now, actor=actor)
    return event


def record_quietly(
    session: Session, event_type: str, told: Sequence[tuple[Subject, dict[str, Any]]], *, now: datetime, actor: Actor
) -> None:
    """Write many events of one type, given as (subject, payload) pairs. No handler reacts to them. The caller writes one audit
    entry for all."""
    by = {"by": actor.by} if actor.by else {}
    rows = [
        {
            "id": new_id(),
            "type": event_type,
            "occurred_at": now,
            "brand_id": subject.brand_id,
            "thread_id": subject.thread_id,
            "actor_user_id": actor.user_id,
            "depth": 0,
            "payload": {**payload, **by},
        }
        for subject, payload in told
    ]
    insert_many(session, Event, rows)


@contextmanager
def gathered(session: Session) -> Iterator[None]:
    """Delay the handling of events until the end of the block, so that handlers that take several events (`Together`) run once
    for all of them.

    Use it for a change of many independent threads in one transaction. The events of one thread are still handled in order,
    except by handlers with `is_apart`. Inside another such block this does nothing.
    """
    if _GATHERED in session.info:
        yield
        return
    waiting = session.info[_GATHERED] = []
    held: list[object] = []

    def hold(_session: Session, row: object) -> None:
        held.append(row)  # a session forgets what nobody else holds, and the reactions would read it again

    for became in ("pending_to_persistent", "loaded_as_persistent"):
        sa.event.listen(session, became, hold)
    try:
        yield
        while waiting:
            _release(session, waiting)
    finally:
        del session.info[_GATHERED]
        for became in ("pending_to_persistent", "loaded_as_persistent"):
            sa.event.remove(session, became, hold)


def _gather(session: Session, waiting: list[Event], event: Event) -> None:
    wiring = installed()
    of_thread = (one.type for one in waiting if one.thread_id == event.thread_id)
    if wiring.orders_events(event.type) and any(wiring.orders_events(event_type) for event_type in of_thread):
        _release(session, waiting)
    waiting.append(event)
    if not all(isinstance(reaction, Together) for reaction in wiring.in_transaction.get(event.type, ())):
        _release(session, waiting)


def _release(session: Session, waiting: list[Event]) -> None:
    events = waiting[:]
    waiting.clear()
    _react(session, events)


def _react(session: Session, events: Sequence[Event]) -> None:
    """Run the in-transaction handlers of these events, one event type after the other. Promise the after-commit handlers.
    Handlers with `is_apart` run last, once for the events of all types."""
    session.add_all(events)
    session.flush()
    wiring, promised = installed(), set[tuple[uuid.UUID, str]]()
    of_type = {one.type: [event for event in events if event.type == one.type] for one in events}
    apart: dict[Together, list[Event]] = {}
    for event_type, those in of_type.items():
        for reaction in wiring.in_transaction.get(event_type, ()):
            if isinstance(reaction, Together) and reaction.is_apart:
                apart.setdefault(reaction, []).extend(those)
            elif isinstance(reaction, Together):
                reaction.run(session, those)
            else:
                for event in those:
                    reaction(session, event)
        for handler in wiring.after_commit.get(event_type, ()):
            wanted = those if handler.among is None else handler.among(session, those)
            promised.update((event.id, handler.name) for event in wanted)
    for reaction, those in apart.items():
        reaction.run(session, sorted(those, key=events.index))
    entries = [
        {"event_id": event.id, "handler": handler.name, "queue": handler.queue}
        for event in events
        for handler in wiring.after_commit.get(event.type, ())
        if (event.id, handler.name) in promised
    ]
    if entries:
        session.connection().execute(_PROMISE, entries)


def audit(
    session: Session,
    *,
    action: str,
    object_type: str,
    object_id: str,
    now: datetime,
    actor: Actor,
    detail: dict[str, Any] | None = None,
) -> None:
    """Write an audit entry: who did what to which object. `detail` takes ids and codes only."""
    session.add(
        AuditEntry(
            at=now,
            actor_user_id=actor.user_id,
            action=action,
            object_type=object_type,
            object_id=object_id,
            ip=actor.ip,
            detail=detail or {},
        )
    )


def retry_reactions(
    session: Session,
    *,
    now: datetime,
    actor: Actor = SYSTEM,
    entry_id: int | None = None,
    brand_ids: Collection[uuid.UUID] | None = None,
) -> int:
    """Make failed outbox entries ready again, and return their number. `entry_id` limits this to one entry, and `brand_ids` to
    the events of these brands (None: all brands)."""
    given_up = sa.select(OutboxEntry.id).join(Event, Event.id == OutboxEntry.event_id).where(OutboxEntry.state == FAILED)
    if entry_id is not None:
        given_up = given_up.where(OutboxEntry.id == entry_id)
    if brand_ids is not None:
        given_up = given_up.where(Event.brand_id.in_(brand_ids))
    ready = {"state": READY, "run_at": sa.func.now(), "attempts": 0, "hinted_at": None}
    statement = sa.update(OutboxEntry).where(OutboxEntry.id.in_(given_up.scalar_subquery())).values(**ready)
    count = len(session.execute(statement.returning(OutboxEntry.id).execution_options(synchronize_session=False)).all())
    if count:
        object_id = str(entry_id) if entry_id is not None else ""
        detail = {"count": count}
        audit(session, action="ReactionsRetried", object_type="outbox", object_id=object_id, now=now, actor=actor, detail=detail)
    return count
