"""Limit how often one Teams workflow is called. Pure.

If it is called more often, Teams answers 429, or accepts a card and never shows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

# Within so many seconds at most so many calls.
LIMITS = ((1, 4), (30, 60), (3_600, 100), (7_200, 150), (86_400, 1_800))
KEPT = timedelta(seconds=LIMITS[-1][0])


def wait_seconds(calls: Sequence[datetime], now: datetime) -> float:
    """Return the seconds until the next call is allowed, 0 if it is allowed now.

    `calls`: the times of earlier calls in any order. A time in the future counts as now.
    """
    newest = sorted((min(call, now) for call in calls), reverse=True)
    longest = 0.0
    for seconds, most in LIMITS:
        if len(newest) >= most:
            free_at = newest[most - 1] + timedelta(seconds=seconds)
            longest = max(longest, (free_at - now).total_seconds())
    return longest


def with_call(calls: Sequence[datetime], now: datetime) -> list[datetime]:
    """Return the times of calls to remember after a call at `now`. Times older than KEPT are left out."""
    return [*(call for call in calls if call > now - KEPT), now]
