"""What the clocks do by themselves."""

from __future__ import annotations

import time
import uuid
from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.work import claim, put_back
from app.sla.escalation import reach_due_steps
from app.sla.recompute import TABLE, run_batch

BATCH = 50
TURN_SECONDS = 10  # then others in the queue have theirs


def reach_steps(**_ignored: Any) -> int:
    """Carry out every escalation step that is due; returns how many threads were looked at. Twice at once is harmless."""
    return run_batches(lambda session: reach_due_steps(session, now=utc_now(), limit=BATCH), size=BATCH)


def run_recompute(*, row_id: str, **_ignored: Any) -> None:
    """Go on with a recompute for a while and put it back until it is done. At least once; each batch is one commit."""
    with transaction() as session:
        lease = claim(session, TABLE, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
    if lease is None:
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
