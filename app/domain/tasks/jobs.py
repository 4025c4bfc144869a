"""Periodic job that sends task reminders."""

from __future__ import annotations

from typing import Any

from app.core.batches import run_batches
from app.core.clock import utc_now
from app.domain.tasks.actions import remind_due_tasks

BATCH = 100


def remind_assignees(**_ignored: Any) -> int:
    """Periodic job: record due reminders. Return the number of tasks. Parallel runs are harmless."""
    return run_batches(lambda session: remind_due_tasks(session, now=utc_now(), limit=BATCH), size=BATCH)
