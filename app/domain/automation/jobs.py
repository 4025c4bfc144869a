"""Periodic job that runs rules triggered by time. Two at once are harmless, as a rule runs once for each thread and time."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.domain.automation.run_rules import run_by_time


def run_timed_rules(**_ignored: Any) -> int:
    """Periodic job: run the rules triggered by time for the threads that are due. Returns the number of runs."""
    return run_by_time(utc_now())
