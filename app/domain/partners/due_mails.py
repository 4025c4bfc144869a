"""Record that a partner must get a mail about an order's state, and later the outcome of this mail. `status_mails.py` writes
the mail."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.events.actions import Subject, record
from app.domain.partners.models import Environment, Partner, PartnerOrder

ASKED = "asked"


def ask_for_mail(session: Session, partner: Partner, row: PartnerOrder, *, now: datetime) -> None:
    """Record `PartnerMailDue` if the partner wants a mail about the order's current state and did not get one yet.

    Call this in the transaction which changes the state. Sandbox orders get no mails.
    """
    status = row.order_status
    if row.environment == Environment.LIVE and status in partner.mailed_states and status not in row.mails:
        row.mails = {**row.mails, status: ASKED}
        session.flush()
        payload = {"partner_order_row_id": str(row.id), "status": status}
        record(session, "PartnerMailDue", subject=Subject(brand_id=partner.brand_id), now=now, payload=payload)


def note_mail(session: Session, row_id: uuid.UUID, status: str, outcome: str) -> None:
    """Store the outcome of the mail about a state on the partner order `row_id`."""
    row = session.get_one(PartnerOrder, row_id, with_for_update=True, populate_existing=True)
    row.mails = {**row.mails, status: outcome}
    session.flush()
