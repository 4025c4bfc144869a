"""What the inbox does by the clock and in the background."""

from __future__ import annotations

from typing import Any

from app.core.batches import run_batches, take_turn
from app.core.clock import utc_now
from app.inbox.bulk import TABLE, give_up, run_batch
from app.inbox.snooze import wake_due_threads

BATCH = 100
MOST_TURNS = 200


def wake_snoozed_threads(**_ignored: Any) -> int:
    """Bring back every thread whose snooze is over; returns how many. Twice at once is harmless: locked threads are left out."""
    return run_batches(lambda session: wake_due_threads(session, now=utc_now(), limit=BATCH), size=BATCH)


def run_bulk_action(*, row_id: str, **_ignored: Any) -> None:
    """Carry out a bulk action for a while and put it back until it is done. At least once; each batch is one commit."""
    take_turn(
        TABLE,
        row_id,
        lambda session, lease: run_batch(session, lease, now=utc_now()),
        most_turns=MOST_TURNS,
        give_up=lambda session, lease: give_up(session, lease, now=utc_now()),
    )
