"""Periodic jobs: ask partners' APIs for order states, and look whether a commitment to a partner is about to break."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.partners.commitments import tell_of_risks
from app.domain.partners.pulls import pull_partner, take_due


def pull_statuses(**_ignored: Any) -> int:
    """Periodic job: ask every partner whose turn it is; returns how many. Running twice asks once."""
    due = take_due(utc_now())
    for partner_id in due:
        pull_partner(partner_id)
    return len(due)


def watch_commitments(**_ignored: Any) -> int:
    """Periodic job: tell of commitments at risk; returns how many. Running twice tells once."""
    with transaction() as session:
        return tell_of_risks(session, now=utc_now())
