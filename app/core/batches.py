"""Work by the clock in batches of one commit each."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.core.db import transaction
from app.core.runtime import runtime


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
