"""Process due rows in batches of one commit each, and let a job share its time among many rows."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.promises import TURN_SECONDS
from app.core.runtime import runtime
from app.core.work import give_back_hints


def run_batches(step: Callable[[Session], int], *, size: int) -> int:
    """Call `step` again and again, each time in its own transaction, until it handles fewer than `size` rows. Returns the number
    of rows handled. Wakes the relay after each step that handled rows.
    """
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
    """Call `run` with one row after the other, which claims it; after `seconds` the remaining rows are left to other jobs.

    So a slow row delays its neighbours no longer than that, and a job with many rows ends well within its time.
    """
    ends_at = time.monotonic() + seconds
    for place, row_id in enumerate(row_ids):
        if place and time.monotonic() >= ends_at:
            with transaction() as session:
                give_back_hints(session, table, row_ids[place:])
            runtime().nudger.nudge()
            return
        run(row_id)
