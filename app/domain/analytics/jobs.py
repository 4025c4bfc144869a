"""What reports do by themselves."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.analytics.settle import settle_batch

BATCHES = 20
"""In one run; then others in the queue have their turn."""


def settle_reports(**_ignored: Any) -> int:
    """Bring facts in step with what happened; returns how many threads and tasks. At least once; twice at once is harmless."""
    total = 0
    for _number in range(BATCHES):
        with transaction() as session:
            count = settle_batch(session, now=utc_now())
        total += count
        if not count:
            break
    return total
