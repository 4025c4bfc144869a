"""Find and set which organization of our contacts belongs to a dealer id of a partner."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.partners.models import Partner, PartnerDealer


def find_dealer(session: Session, partner: Partner, dealer_group_id: str) -> uuid.UUID | None:
    """Return the contact id of the organization that is the dealer `dealer_group_id` of the partner. Return None if it is
    unknown."""
    same = (PartnerDealer.partner_id == partner.id, PartnerDealer.dealer_group_id == dealer_group_id)
    return session.execute(sa.select(PartnerDealer.contact_id).where(*same)).scalar_one_or_none() if dealer_group_id else None


def keep_dealer(session: Session, partner: Partner, dealer_group_id: str, contact_id: uuid.UUID, *, now: datetime) -> None:
    """Store which organization (`contact_id`) is the dealer `dealer_group_id` of the partner. An existing entry is replaced."""
    kept = postgresql.insert(PartnerDealer).values(
        id=new_id(), partner_id=partner.id, dealer_group_id=dealer_group_id, contact_id=contact_id, created_at=now
    )
    kept = kept.on_conflict_do_update(index_elements=["partner_id", "dealer_group_id"], set_={"contact_id": contact_id})
    session.execute(kept)
