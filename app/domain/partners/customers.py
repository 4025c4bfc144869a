"""Find or create the customer of a partner's order.

A contact with the same email address or phone number is used, but not changed: what one partner says about a person must
not change what we or other partners know.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import advisory_xact_locks
from app.domain.contacts.actions import IdentityInput, find_or_create_contact, identity_lock_key
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.actions import SYSTEM
from app.domain.partners.incoming import IncomingOrder

MOST_LEVELS = 50
_OWNERS = (
    sa.select(ContactIdentity.kind, Contact)
    .join(Contact, ContactIdentity.contact_id == Contact.id)
    .where(
        sa.tuple_(ContactIdentity.kind, ContactIdentity.scope, ContactIdentity.value).in_(sa.bindparam("wanted", expanding=True))
    )
)


def find_customer(session: Session, incoming: IncomingOrder, *, now: datetime) -> Contact:
    """Return the contact with the order's email address. If there is none, use the phone number, and then create a new
    contact.

    The address and the number in `incoming` must be normalised.
    """
    ways = {"email": incoming.email, "phone": incoming.phone}
    identities = [IdentityInput(kind, value, display=value) for kind, value in ways.items() if value]
    if not identities:
        return create_contact(session, ContactEdit(columns={"name": incoming.customer_name}), actor=SYSTEM, now=now)
    advisory_xact_locks(session, {identity_lock_key(identity) for identity in identities})
    known = _owners(session, identities)
    for identity in identities:
        if identity.kind in known:
            return known[identity.kind]
    return find_or_create_contact(session, identities, name=incoming.customer_name, now=now, is_new=True)


def chain_of(session: Session, contact_id: uuid.UUID) -> list[uuid.UUID]:
    """Return the ids of the contact and all organizations above it: the topmost organization first, the contact last. One
    query."""
    found = session.execute(_chain(), {"contact_id": contact_id}).scalars().all()
    return list(dict.fromkeys(found))[::-1]


@lru_cache(maxsize=1)
def _chain() -> sa.Select[uuid.UUID]:
    """Return a query for the ids of a contact (bind parameter `contact_id`) and of all organizations above it, the contact
    first."""
    place = sa.literal(0).label("place")
    first = sa.select(Contact.id, Contact.parent_organization_id.label("above"), place)
    chain = first.where(Contact.id == sa.bindparam("contact_id")).cte("chain", recursive=True)
    following = sa.select(Contact.id, Contact.parent_organization_id, chain.c.place + 1)
    following = following.join(chain, Contact.id == chain.c.above).where(chain.c.place < MOST_LEVELS)
    chain = chain.union_all(following)
    return sa.select(chain.c.id).order_by(chain.c.place)


def _owners(session: Session, identities: Sequence[IdentityInput]) -> dict[str, Contact]:
    """Return the contacts of these identities by kind (email, phone). One query."""
    wanted = [(one.kind, one.scope, one.value) for one in identities]
    return {row.kind: row.Contact for row in session.execute(_OWNERS, {"wanted": wanted})}
