"""Assign waiting threads to users, and store who is available. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.accounts.models import UserSession
from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.events.models import Event
from app.domain.routing.models import Availability, AvailabilityState, RoutingRefusal
from app.domain.routing.pick_next import Claim, claim_next, lock_routing
from app.domain.threads.actions import assign_thread

AT_A_DESK = timedelta(minutes=5)  # an open page is heard of every minute
ON_A_PHONE = timedelta(minutes=30)  # which sleeps in a pocket between two jobs
SEEN = AvailabilityState.AVAILABLE


def assign_next(session: Session, *, now: datetime, caused_by: Event | None = None) -> Claim | None:
    """Assign the waiting thread that is due first, and return the assignment.

    Return None if nobody can take any of the waiting threads.
    """
    lock_routing(session)
    claim = claim_next(session, now=now)
    if claim is not None:
        actor = Actor(caused_by=caused_by, by=claim.because)
        assign_thread(session, thread_id=claim.thread_id, assignee_user_id=claim.user_id, actor=actor, now=now)
        session.flush()
    return claim


def note_seen(session: Session, user_id: uuid.UUID, *, now: datetime, on_phone: bool = False) -> None:
    """Store that a user is present. An offline user becomes available; a user who set the state to away stays away."""
    until = now + (ON_A_PHONE if on_phone else AT_A_DESK)
    present = sa.update(Availability).where(Availability.user_id == user_id, Availability.state != AvailabilityState.OFFLINE)
    later = {"last_seen_at": sa.func.greatest(Availability.last_seen_at, now)}
    later["present_until"] = sa.func.greatest(Availability.present_until, until)
    noted = present.values(later).returning(Availability.user_id).execution_options(synchronize_session=False)
    if session.execute(noted).scalar_one_or_none() is None:
        _set(session, user_id, SEEN, now=now, until=until, actor=SYSTEM)


def note_sessions_seen(session: Session, session_ids: Collection[uuid.UUID], *, now: datetime) -> None:
    """Store that the users of these sessions are present, because their pages are open."""
    users = sa.select(UserSession.user_id).where(UserSession.id.in_(session_ids)).distinct().order_by(UserSession.user_id)
    for user_id in session.execute(users).scalars().all():
        note_seen(session, user_id, now=now)


def set_availability(
    session: Session, user_id: uuid.UUID, state: AvailabilityState, *, now: datetime, actor: Actor, on_phone: bool = False
) -> None:
    """Set a user's availability. If the user has this state already, only the presence is renewed."""
    row = session.execute(_known(user_id)).scalar_one_or_none()
    if row is not None and row.state == state:
        note_seen(session, user_id, now=now, on_phone=on_phone)
        return
    until = now if state == AvailabilityState.OFFLINE else now + (ON_A_PHONE if on_phone else AT_A_DESK)
    _set(session, user_id, state, now=now, until=until, actor=actor)


def end_presence(session: Session, *, now: datetime, limit: int = 100) -> int:
    """Set at most `limit` users offline who gave no sign of presence for too long. Return how many."""
    silent = sa.and_(Availability.state == SEEN, Availability.present_until <= now)
    found = sa.select(Availability.user_id).where(silent).order_by(Availability.user_id).limit(limit)
    user_ids = session.execute(found.with_for_update(skip_locked=True)).scalars().all()
    for user_id in user_ids:
        _set(session, user_id, AvailabilityState.OFFLINE, now=now, until=now, actor=SYSTEM)
    return len(user_ids)


def refuse_thread(session: Session, *, thread_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> None:
    """Store that a user gave the thread back. Routing never assigns it to this user again."""
    values = {"thread_id": thread_id, "user_id": user_id, "refused_at": now}
    session.execute(postgresql.insert(RoutingRefusal).values(values).on_conflict_do_nothing())


def share_refusals(session: Session, *, origin: uuid.UUID, target: uuid.UUID) -> None:
    """Copy the refusals of the thread `origin` to the thread `target`, to which its messages moved."""
    theirs = sa.select(sa.literal(target, sa.Uuid), RoutingRefusal.user_id, RoutingRefusal.refused_at)
    insert = postgresql.insert(RoutingRefusal).from_select(
        ["thread_id", "user_id", "refused_at"], theirs.where(RoutingRefusal.thread_id == origin)
    )
    session.execute(insert.on_conflict_do_nothing())


def _known(user_id: uuid.UUID) -> sa.Select[Availability]:
    query = sa.select(Availability).where(Availability.user_id == user_id).with_for_update()
    return query.execution_options(populate_existing=True)


def _set(session: Session, user_id: uuid.UUID, state: AvailabilityState, *, now: datetime, until: datetime, actor: Actor) -> None:
    values = {"state": state, "since_at": now, "last_seen_at": now, "present_until": until}
    insert = postgresql.insert(Availability).values(user_id=user_id, **values)
    session.execute(insert.on_conflict_do_update(index_elements=["user_id"], set_=values))
    payload = {"user_id": str(user_id), "state": state.value}
    record(session, "AvailabilityChanged", subject=Subject(), now=now, actor=actor, payload=payload, about=("user", user_id))
