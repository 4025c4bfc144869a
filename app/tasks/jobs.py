"""What tasks do by the clock."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.tasks.actions import remind_due_tasks

BATCH = 100


def remind_assignees(**_ignored: Any) -> int:
    """Tell the assignees of every task whose reminder is due; returns how many tasks. Twice at once is harmless."""
    reminded = 0
    while True:
        with transaction() as session:
            count = remind_due_tasks(session, now=utc_now(), limit=BATCH)
        reminded += count
        if count:
            runtime().nudger.nudge()
        if count < BATCH:
            return reminded
