"""Read what the register says of the addresses of a contact."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.addresses.models import Address, AddressType


def of_contact(contact_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for the rows of a contact's own addresses; addresses of its orders are left out."""
    return (Address.contact_id == contact_id, Address.address_type == AddressType.OTHER)


def is_of_contact(session: Session, address_id: uuid.UUID, contact_id: uuid.UUID) -> bool:
    """Return whether the row is one of the contact's own addresses."""
    return bool(session.execute(sa.select(sa.exists().where(Address.id == address_id, *of_contact(contact_id)))).scalar_one())


def find_checks(session: Session, contact_id: uuid.UUID, texts: Sequence[str]) -> dict[str, Address]:
    """Return the rows of these addresses of a contact, by text. Addresses from before they were checked have none."""
    query = sa.select(Address).where(*of_contact(contact_id)).execution_options(populate_existing=True)
    rows = {row.typed: row for row in session.execute(query).scalars()} if texts else {}
    found = {text: rows.get(read_line(text).typed) for text in texts}
    return {text: row for text, row in found.items() if row is not None}
