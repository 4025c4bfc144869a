"""Write addresses. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime

from sqlalchemy.orm import Session

from app.addresses.models import Address, AddressType
from app.addresses.typed import AddressParts
from app.core.ids import new_id


def add_address(
    session: Session, parts: AddressParts, *, address_type: AddressType, contact_id: uuid.UUID | None, now: datetime
) -> Address:
    """Keep a place as it was typed. `parts.typed` is not empty."""
    address = Address(
        id=new_id(),
        contact_id=contact_id,
        address_type=address_type,
        typed=parts.typed,
        street=parts.street,
        house_number=parts.house_number,
        house_number_addition=parts.house_number_addition,
        postal_code=parts.postal_code,
        city=parts.city,
        country=parts.country,
        created_at=now,
    )
    session.add(address)
    session.flush()
    return address
