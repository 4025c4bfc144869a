"""What the inbox does by the clock and in the background."""

from __future__ import annotations

import time
import uuid
from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.work import claim, put_back
from app.inbox.bulk import TABLE, give_up, run_batch
from app.inbox.snooze import wake_due_threads

BATCH = 100
TURN_SECONDS = 10  # then others in the queue have theirs
MOST_TURNS = 200


def wake_snoozed_threads(**_ignored: Any) -> int:
    """Bring back every thread whose snooze is over; returns how many. Twice at once is harmless: locked threads are left out."""
    return run_batches(lambda session: wake_due_threads(session, now=utc_now(), limit=BATCH), size=BATCH)


def run_bulk_action(*, row_id: str, **_ignored: Any) -> None:
    """Carry out a bulk action for a while and put it back until it is done. At least once; each batch is one commit."""
    with transaction() as session:
        lease = claim(session, TABLE, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
    if lease is None:
        return
    if lease.attempts > MOST_TURNS:
        with transaction() as session:
            give_up(session, lease, now=utc_now())
        return
    ends_at = time.monotonic() + min(TURN_SECONDS, runtime().settings.lease_seconds / 2)
    while time.monotonic() < ends_at:
        with transaction() as session:
            more = run_batch(session, lease, now=utc_now())
        runtime().nudger.nudge()
        if not more:
            return
    with transaction() as session:
        put_back(session, TABLE, lease, delay_seconds=0)
    runtime().nudger.nudge()
