"""Jobs of SLA: carry out due escalation steps, and run recomputes."""

from __future__ import annotations

import uuid
from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.core.promises import in_database, keep
from app.domain.sla.escalation import reach_due_steps
from app.domain.sla.recompute import TABLE, run_batch

BATCH = 10


def reach_steps(**_ignored: Any) -> int:
    """Periodic job: carry out due escalation steps. Return how many clocks were found. Parallel runs are harmless."""
    return run_batches(lambda session: reach_due_steps(session, now=utc_now(), limit=BATCH), size=BATCH)


def run_recompute(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: run some batches of a recompute, and queue it again until it is done.

    A batch may run more than once, which is harmless. Each batch is one commit.
    """
    keep(RECOMPUTES, uuid.UUID(row_id))


RECOMPUTES = in_database(TABLE, lambda session, lease: run_batch(session, lease, now=utc_now()))
