"""Read the usage of endpoints over some days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.metering import STEPS_MS
from app.domain.usage.models import UsageDay

MOST_ROWS = 500


@dataclass(frozen=True)
class Used:
    """The calls of one endpoint over some days. 95 of 100 calls took at most `p95_ms`; it is None if that is beyond the last
    step."""

    is_ours: bool
    provider: str
    account: str
    endpoint: str
    requests: int
    failures: int
    throttled: int
    average_ms: float
    p95_ms: int | None

    @property
    def success_percent(self) -> float:
        """Return how many percent of the calls succeeded (0 to 100). It is at most 99.9 if any call failed."""
        share = 100 * (self.requests - self.failures) / self.requests
        return min(share, 99.9) if self.failures else 100.0


def list_usage(session: Session, *, first: date, last: date, accounts: Sequence[str]) -> list[Used]:
    """List the usage of each endpoint from `first` to `last`, both included, for these accounts. "" means calls for no account.

    Sorted by account, and for each account with the most used endpoint first. At most MOST_ROWS.
    """
    names = (UsageDay.is_ours, UsageDay.provider, UsageDay.account, UsageDay.endpoint)
    steps = (sa.func.sum(UsageDay.steps[place + 1]) for place in range(len(STEPS_MS) + 1))
    sums = (sa.func.sum(one) for one in (UsageDay.requests, UsageDay.failures, UsageDay.throttled, UsageDay.seconds))
    asked = sa.and_(UsageDay.called_date.between(first, last), UsageDay.account.in_(accounts))
    query = sa.select(*names, *sums, *steps).where(asked).group_by(*names)
    order = (
        UsageDay.is_ours,
        UsageDay.account == "",
        UsageDay.account,
        UsageDay.provider,
        sa.func.sum(UsageDay.requests).desc(),
        UsageDay.endpoint,
    )
    return [_used(row) for row in session.execute(query.order_by(*order).limit(MOST_ROWS))]


def _used(row: Sequence[Any]) -> Used:
    is_ours, provider, account, endpoint, requests, failures, throttled, seconds, *steps = row
    average = 1000 * seconds / int(requests)
    return Used(
        is_ours,
        provider,
        account,
        endpoint,
        int(requests),
        int(failures),
        int(throttled),
        average,
        p95_ms([int(one) for one in steps]),
    )


def p95_ms(steps: Sequence[int]) -> int | None:
    """Return the least duration of STEPS_MS, in ms, that 95 of 100 calls did not exceed. Return None if more of them took longer
    than the last one.

    `steps`: the number of calls in each interval between durations of STEPS_MS, and beyond the last.
    """
    needed, seen = 0.95 * sum(steps), 0
    for end, count in zip(STEPS_MS, steps, strict=False):
        seen += count
        if seen >= needed:
            return end
    return None
