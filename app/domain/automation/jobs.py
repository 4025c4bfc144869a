"""Periodic job that runs rules triggered by time. Twice at once is harmless: a rule runs once for each thread and time."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.domain.automation.run_rules import run_by_time


def run_timed_rules(**_ignored: Any) -> int:
    """Periodic job: run the rules that wait for time to pass; returns how many ran."""
    return run_by_time(utc_now())
