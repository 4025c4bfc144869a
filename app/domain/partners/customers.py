"""Find or create the customer of a partner's order. Whoever is known by their address or number is meant and is left as they
are: what one partner says of somebody must not change what another, or we, know of them."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_lock
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.actions import SYSTEM
from app.domain.partners.incoming import IncomingOrder


def find_customer(session: Session, incoming: IncomingOrder, *, now: datetime) -> Contact:
    """Return the contact of the e-mail address, else of the number, else a new one; both are normalised."""
    ways = {"email": incoming.email, "phone": incoming.phone}
    identities = [IdentityInput(kind, value, display=value) for kind, value in ways.items() if value]
    if not identities:
        return create_contact(session, ContactEdit(columns={"name": incoming.customer_name}), actor=SYSTEM, now=now)
    for key in sorted(identity_lock_key(identity) for identity in identities):
        advisory_xact_lock(session, key)
    for identity in identities:
        known = _owner(session, identity)
        if known is not None:
            return known
    return find_or_create_contact(session, identities, name=incoming.customer_name, now=now, is_new=True)


def chain_of(session: Session, contact_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the contact behind all organizations above it, the topmost first."""
    chain: list[uuid.UUID] = []
    above: uuid.UUID | None = contact_id
    while above is not None and above not in chain:
        chain.append(above)
        above = session.execute(sa.select(Contact.parent_organization_id).where(Contact.id == above)).scalar_one_or_none()
    return chain[::-1]


def _owner(session: Session, identity: IdentityInput) -> Contact | None:
    same = (
        ContactIdentity.kind == identity.kind,
        ContactIdentity.scope == identity.scope,
        ContactIdentity.value == identity.value,
    )
    query = sa.select(Contact).join(ContactIdentity, ContactIdentity.contact_id == Contact.id).where(*same)
    return session.execute(query).scalars().first()
