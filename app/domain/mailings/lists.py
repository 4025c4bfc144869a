"""List the subscribers of a brand: contacts who agreed to mailings."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ConsentPurpose, Contact, ContactConsent, ContactIdentity
from app.domain.mailings.actions import NewRecipient
from app.domain.threads.models import Thread


def _values(name: str) -> dict[str, str]:
    return {"name": name, "customer_name": name, "contact.name": name, "contact.first_name": name.partition(" ")[0]}


def _holding(words: str) -> list[sa.ColumnElement[bool]]:
    mail = sa.and_(ContactIdentity.contact_id == Contact.id, ContactIdentity.kind == "email")
    return [
        sa.or_(
            Contact.name.icontains(word, autoescape=True),
            sa.exists().where(mail, ContactIdentity.value.icontains(word, autoescape=True)),
        )
        for word in words.split()[:10]
    ]


def list_subscribers(
    session: Session, *, brand_id: uuid.UUID, limit: int, words: str = "", since: date | None = None
) -> list[NewRecipient]:
    """List contacts who agreed to mailings and have a thread of the brand, sorted by name, each with one current email
    address.

    Every word in `words` must occur in the name or address. If `since` is given, the contact must have a thread with a
    message on that day (UTC) or later.
    """
    agreed = sa.exists().where(
        ContactConsent.contact_id == Contact.id,
        ContactConsent.purpose == ConsentPurpose.MARKETING_EMAIL,
        ContactConsent.is_given,
    )
    talked = sa.true() if since is None else Thread.last_message_at >= datetime.combine(since, time(), UTC)
    of_brand = sa.exists().where(Thread.contact_id == Contact.id, Thread.brand_id == brand_id, talked)
    address = sa.select(ContactIdentity.value).where(ContactIdentity.contact_id == Contact.id, ContactIdentity.kind == "email")
    address = address.where(ContactIdentity.former_since.is_(None))
    address = address.order_by(ContactIdentity.is_primary.desc(), ContactIdentity.created_at).limit(1)
    query = sa.select(Contact.name, address.scalar_subquery().label("address")).where(agreed, of_brand, *_holding(words))
    rows = session.execute(query.where(Contact.merged_into_id.is_(None)).order_by(Contact.name, Contact.id).limit(limit))
    return [
        NewRecipient(row.address, row.name, _values(row.name), has_consent=True, basis="marketing_subscribers")
        for row in rows
        if row.address
    ]
