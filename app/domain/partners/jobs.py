"""Periodic jobs: read order states from partners' APIs, and report which commitments to partners are at risk."""

from __future__ import annotations

from typing import Any

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.partners.commitments import tell_of_risks
from app.domain.partners.pulls import pull_partner, take_due


def pull_statuses(**_ignored: Any) -> int:
    """Periodic job: read order states from the API of every partner that is due. Return the number of partners.

    A partner that is due is asked once, even if several jobs run at the same time.
    """
    due = take_due(utc_now())
    for partner_id in due:
        pull_partner(partner_id)
    return len(due)


def watch_commitments(**_ignored: Any) -> int:
    """Periodic job: report commitments at risk, each at most once a day. Return the number of reports."""
    with transaction() as session:
        return tell_of_risks(session, now=utc_now())
