"""Record what happened: the event, the reactions inside the transaction, and an outbox entry for each reaction after it."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.work import FAILED, READY
from app.domain.events.models import AuditEntry, Event, OutboxEntry
from app.domain.events.registry import installed

MAX_DEPTH = 5


@dataclass(frozen=True)
class Actor:
    """Who does it: a user (with the address they come from), or nobody for the system itself.

    `caused_by` and `by` are of what happens by itself: the event it follows from, and the rule that says so as the event keeps
    it, {"kind": "routing" | "automation", "rule_id", "name", …}.
    """

    user_id: uuid.UUID | None = None
    ip: str | None = None
    caused_by: Event | None = field(default=None, compare=False, repr=False)
    by: dict[str, Any] | None = field(default=None, compare=False)


SYSTEM = Actor()


@dataclass(frozen=True)
class Subject:
    """What it happened to."""

    brand_id: uuid.UUID | None = None
    thread_id: uuid.UUID | None = None
    message_id: uuid.UUID | None = None


class EventLoop(Exception):
    """Events caused each other more than MAX_DEPTH deep."""


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
    """Write the event, run its in-transaction handlers and promise its after-commit ones, all in the caller's transaction.

    `event_type` is past tense and listed in app/wiring.py. What a user did is audited as well: as done to the message or thread
    of `subject`, or to `about` (kind and id) where it happened to something else.
    """
    caused_by = caused_by or actor.caused_by
    depth = 0 if caused_by is None else caused_by.depth + 1
    if depth > MAX_DEPTH:
        raise EventLoop(f"{event_type} is {depth} events deep")
    event = Event(
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
    session.add(event)
    session.flush()
    wiring = installed()
    for in_transaction in wiring.in_transaction.get(event_type, ()):
        in_transaction(session, event)
    wanted = (h for h in wiring.after_commit.get(event_type, ()) if h.when is None or h.when(session, event))
    session.add_all(OutboxEntry(event_id=event.id, handler=h.name, queue=h.queue) for h in wanted)
    if actor.user_id is not None:
        target = about or (("message", subject.message_id) if subject.message_id else ("thread", subject.thread_id))
        audit(session, action=event_type, object_type=target[0], object_id=str(target[1]), now=now, actor=actor)
    return event


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
    """Note who did what to which object. `detail` takes ids and codes only."""
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
    """Put reactions that were given up back to ready: one, or all of these brands (None: all there are). Returns how many."""
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
