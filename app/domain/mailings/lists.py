"""Whom a mailing goes to where nobody is named: the people of a brand who agreed to such mails."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactIdentity
from app.domain.mailings.actions import NewRecipient
from app.domain.threads.models import Thread


def _values(name: str) -> dict[str, str]:
    return {"name": name, "customer_name": name, "contact.name": name, "contact.first_name": name.partition(" ")[0]}


def list_subscribers(session: Session, *, brand_id: uuid.UUID, limit: int) -> list[NewRecipient]:
    """Contacts with a conversation of the brand whose latest word is yes, each at one address, by name."""
    agreed = sa.exists().where(
        ContactConsent.contact_id == Contact.id,
        ContactConsent.purpose == ConsentPurpose.MARKETING_EMAIL,
        ContactConsent.is_given,
    )
    of_brand = sa.exists().where(Thread.contact_id == Contact.id, Thread.brand_id == brand_id)
    address = sa.select(ContactIdentity.value).where(ContactIdentity.contact_id == Contact.id, ContactIdentity.kind == "email")
    address = address.where(ContactIdentity.former_since.is_(None))
    address = address.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at).limit(1)
    query = sa.select(Contact.name, address.scalar_subquery().label("address")).where(agreed, of_brand)
    rows = session.execute(query.where(Contact.merged_into_id.is_(None)).order_by(Contact.name, Contact.id).limit(limit))
    return [
        NewRecipient(row.address, row.name, _values(row.name), has_consent=True, basis="marketing_subscribers")
        for row in rows
        if row.address
    ]
