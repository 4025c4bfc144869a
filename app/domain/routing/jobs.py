"""Periodic job of routing: set users offline who are no longer present, and assign waiting threads."""

from __future__ import annotations

from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.domain.routing.actions import end_presence
from app.domain.routing.assign_waiting import give_away

BATCH = 100


def route_waiting_threads(**_ignored: Any) -> int:
    """Periodic job: set users offline who are no longer present, then assign waiting threads. Return how many were assigned."""
    run_batches(lambda session: end_presence(session, now=utc_now(), limit=BATCH), size=BATCH)
    return give_away()
