"""Work in batches of one commit each: by the clock until nothing is due, or on one long row, by turns with others."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.runtime import runtime
from app.core.work import Lease, claim, give_back_hints, put_back

TURN_SECONDS = 10  # then others in the queue have theirs


def run_batches(step: Callable[[Session], int], *, size: int) -> int:
    """Call `step` in transactions of its own until it did less than `size`; returns the sum. The relay is told after each."""
    total = 0
    while True:
        with transaction() as session:
            count = step(session)
        total += count
        if count:
            runtime().nudger.nudge()
        if count < size:
            return total


def run_in_turn(table: sa.Table, row_ids: Sequence[Any], run: Callable[[Any], object], *, seconds: float = TURN_SECONDS) -> None:
    """Call `run` with one row after the other, each of which it claims itself; after `seconds` the rest is left to others.

    So a slow row holds up its neighbours for no longer than that, and a job that was given many rows ends well within its time.
    """
    ends_at = time.monotonic() + seconds
    for place, row_id in enumerate(row_ids):
        if place and time.monotonic() >= ends_at:
            with transaction() as session:
                give_back_hints(session, table, row_ids[place:])
            runtime().nudger.nudge()
            return
        run(row_id)


def take_turn(
    table: sa.Table,
    row_id: str,
    step: Callable[[Session, Lease], bool],
    *,
    most_turns: int | None = None,
    give_up: Callable[[Session, Lease], None] | None = None,
) -> None:
    """Claim the row and call `step` in transactions of its own while it says that there is more; after a while put it back.

    At least once: `step` finishes the row itself, and looks whether the lease still holds. With `most_turns` a row that was
    claimed more often goes to `give_up`.
    """
    lease_seconds = runtime().settings.lease_seconds
    with transaction() as session:
        lease = claim(session, table, uuid.UUID(row_id), lease_seconds=lease_seconds)
    if lease is None:
        return
    if give_up is not None and most_turns is not None and lease.attempts > most_turns:
        with transaction() as session:
            give_up(session, lease)
        return
    ends_at = time.monotonic() + min(TURN_SECONDS, lease_seconds / 2)
    while time.monotonic() < ends_at:
        with transaction() as session:
            more = step(session, lease)
        runtime().nudger.nudge()
        if not more:
            return
    with transaction() as session:
        put_back(session, table, lease, delay_seconds=0)
    runtime().nudger.nudge()
