"""What the inbox does by the clock and in the background."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.inbox.snooze import wake_due_threads

BATCH = 100


def wake_snoozed_threads(**_ignored: Any) -> int:
    """Bring back every thread whose snooze is over; returns how many. Twice at once is harmless: locked threads are left out."""
    woken = 0
    while True:
        with transaction() as session:
            count = wake_due_threads(session, now=utc_now(), limit=BATCH)
        woken += count
        if count:
            runtime().nudger.nudge()
        if count < BATCH:
            return woken
