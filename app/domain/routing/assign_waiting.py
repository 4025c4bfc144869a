"""Assign all waiting threads, with one commit for each. Parallel runs are harmless: a lock allows one decision at a time."""

from __future__ import annotations

import uuid

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.events.models import Event
from app.domain.routing.actions import assign_next
from app.domain.routing.pick_next import lock_routing
from app.domain.routing.queries import is_routing_on

MOST_AT_ONCE = 200  # then others in the queue of jobs have their turn


def give_away(*, caused_by_id: uuid.UUID | None = None) -> int:
    """Assign the waiting threads that somebody can take, at most `MOST_AT_ONCE`. Return how many were assigned.

    `caused_by_id`: the event that brought a new thread, or made somebody free.
    """
    count = 0
    while count < MOST_AT_ONCE and _route_one(caused_by_id):
        count += 1
    if count:
        runtime().nudger.nudge()
    return count


def _route_one(caused_by_id: uuid.UUID | None) -> bool:
    with transaction() as session:
        if not is_routing_on(session):
            return False
        lock_routing(session)  # before the clock is read, so that decisions are dated in their order
        caused_by = session.get(Event, caused_by_id) if caused_by_id else None
        return assign_next(session, now=utc_now(), caused_by=caused_by) is not None
