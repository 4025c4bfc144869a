"""List the retry schedules of deliveries, as data. Pure.

webhook   at once, then after 1, 2, 4, 8, 16 s: six tries within half a minute
partner   at once, then after 60 and 120 s (so 60 s and 180 s after the event), then stored for replay
patient   over three days, for a receiver that may be down for hours; the example of Standard Webhooks
make, partner_api   the same as our other calls to services
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from app.core.work import RETRY_SECONDS

LONGEST_ASKED_SECONDS = 3600.0
ALERT_AFTER = 3  # failed attempts in a row
REST_AFTER = 10  # failed attempts in a row; then one attempt every REST_SECONDS
REST_SECONDS = 30
DISABLE_AFTER_DAYS = 5
SCHEDULES: Mapping[str, tuple[int, ...]] = {
    "webhook": (1, 2, 4, 8, 16),
    "partner": (60, 120),
    "patient": (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400),
    "make": RETRY_SECONDS,
    "partner_api": RETRY_SECONDS,
}
_MOST_JITTER_SECONDS, _JITTER = 15.0, 0.1


def delay_seconds(schedule: str, tries: int, *, asked_seconds: float | None = None) -> float | None:
    """Return the delay in seconds from the end of try number `tries` to the next try, or None if there is no next try.

    `asked_seconds` is the delay that the receiver asked for. It counts up to an hour, and it never shortens the delay.
    """
    delays = SCHEDULES[schedule]
    if tries > len(delays):
        return None
    return max(float(delays[tries - 1]), min(asked_seconds or 0.0, LONGEST_ASKED_SECONDS))


def jitter_seconds(delay: float, delivery_id: uuid.UUID) -> float:
    """Return how many seconds to add to a delay, so that deliveries that failed together are not retried together.

    This is at most a tenth of the delay and at most 15 seconds.
    """
    share = (delivery_id.int % 997) / 997
    return min(delay * _JITTER, _MOST_JITTER_SECONDS) * share


def tries_of(schedule: str) -> int:
    """Return how often a delivery is tried at most."""
    return len(SCHEDULES[schedule]) + 1
