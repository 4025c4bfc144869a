"""Periodic jobs: pull order states from partners' APIs, and report commitments to partners that are at risk."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.partners.commitments import tell_of_risks
from app.domain.partners.pulls import pull_partner, take_due


def pull_statuses(**_ignored: Any) -> int:
    """Periodic job: pull states from every partner that is due; returns how many. Each partner is asked once, however often it
    runs."""
    due = take_due(utc_now())
    for partner_id in due:
        pull_partner(partner_id)
    return len(due)


def watch_commitments(**_ignored: Any) -> int:
    """Periodic job: report commitments at risk; returns how many. Each is reported once a day."""
    with transaction() as session:
        return tell_of_risks(session, now=utc_now())
