"""Periodic job that asks partners' APIs for order states."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.domain.partners.pulls import pull_partner, take_due


def pull_statuses(**_ignored: Any) -> int:
    """Periodic job: ask every partner whose turn it is; returns how many. Running twice asks once."""
    due = take_due(utc_now())
    for partner_id in due:
        pull_partner(partner_id)
    return len(due)
