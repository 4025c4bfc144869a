"""Assign all waiting threads, one commit for each. Parallel runs are harmless: a lock makes their decisions one by one."""

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
    """Assign every waiting thread that somebody can take; returns how many. `caused_by_id`: the event that brought work or
    room."""
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
