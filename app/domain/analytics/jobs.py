"""Jobs of reports: derive facts anew, and sum up past days."""

from __future__ import annotations

import time
from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.analytics.rollups import roll_next
from app.domain.analytics.settle import settle_batch

ROLL_SECONDS = 10
BATCHES = 20
"""In one run; then others in the queue have their turn."""


def roll_reports(**_ignored: Any) -> int:
    """Sum up the past days and weeks that have no seal, the newest first. Return the number of days and weeks. A repeat is
    harmless."""
    total, ends_at = 0, time.monotonic() + ROLL_SECONDS
    while time.monotonic() < ends_at:
        with transaction() as session:
            first_day = roll_next(session, now=utc_now())
        if first_day is None:
            break
        total += 1
    return total


def settle_reports(**_ignored: Any) -> int:
    """Derive the facts of marked threads, tasks, surveys and orders anew, and return the number of these.

    The job runs at least once for each mark. A repeat and a second worker are harmless.
    """
    total = 0
    for _number in range(BATCHES):
        with transaction() as session:
            count = settle_batch(session, now=utc_now())
        total += count
        if not count:
            break
    return total
