"""Process due rows in batches, each committed on its own, and let a job divide its time among many rows."""

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
    """Call `step` repeatedly, each time in its own transaction, until it handles fewer than `size` rows. Return the total of
    rows.

    `step` returns the number of rows it handled. After each step that handled rows, the relay is woken.
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
    """Call `run` for one row after the other; `run` claims the row. After `seconds`, stop and leave the remaining rows to other
    jobs.

    So a slow row does not delay the others for longer, and a job with many rows ends within its time.
    """
    ends_at = time.monotonic() + seconds
    for place, row_id in enumerate(row_ids):
        if place and time.monotonic() >= ends_at:
            with transaction() as session:
                give_back_hints(session, table, row_ids[place:])
            runtime().nudger.nudge()
            return
        run(row_id)
