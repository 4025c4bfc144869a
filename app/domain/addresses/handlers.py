"""Keep the addresses of contacts ready for the register: a row of type OTHER for each address that a contact has now."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.address_parts import read_line
from app.domain.addresses.actions import add_addresses
from app.domain.addresses.models import Address, AddressType
from app.domain.addresses.queries import of_contact
from app.domain.contacts.queries import list_postal_addresses
from app.domain.events.models import Event


def follow_contact(session: Session, event: Event) -> None:
    """Handle `ContactAddressesChanged`, `ContactsMerged` and `ContactMergeUndone`: add a row to check for each new address of the
    contact or contacts, and delete the rows of those that are gone."""
    for name in ("contact_id", "kept_id", "merged_id"):
        if name in event.payload:
            _follow(session, uuid.UUID(event.payload[name]), event)


def _follow(session: Session, contact_id: uuid.UUID, event: Event) -> None:
    wanted = {parts.typed: parts for parts in map(read_line, list_postal_addresses(session, contact_id)) if parts.typed}
    gone = sa.delete(Address).where(*of_contact(contact_id), Address.typed.not_in(wanted))
    session.execute(gone.execution_options(synchronize_session=False))
    there = set(session.execute(sa.select(Address.typed).where(*of_contact(contact_id))).scalars())
    added = [(parts, contact_id) for typed, parts in wanted.items() if typed not in there]
    add_addresses(session, added, address_type=AddressType.OTHER, now=event.occurred_at)
