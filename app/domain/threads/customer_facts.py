"""Read addresses, consents and forms of a thread's customer. Never writes."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.addresses.models import Address
from app.domain.contacts.models import Contact, ContactAddress, ContactConsent
from app.domain.orders.models import Order
from app.domain.threads.models import Message

MOST_PLACES, MOST_FORMS = 5, 3


@dataclass(frozen=True)
class CustomerFacts:
    """A customer's addresses, consents and forms.

    `places` are the addresses without repeats, those of the newest orders first. `forms` are the newest messages that came
    from a form.
    """

    places: tuple[str, ...]
    consents: tuple[ContactConsent, ...]
    forms: tuple[Message, ...]


def read_customer_facts(session: Session, *, viewer: Viewer, contact_id: uuid.UUID) -> CustomerFacts:
    """Read a customer's facts; orders and forms only of brands the viewer sees. Four queries."""
    ordered = sa.select(Address.typed).join(Order, Order.address_id == Address.id)
    ordered = ordered.where(Order.customer_contact_id == contact_id, Order.brand_id.in_(viewer.brand_ids))
    typed = list(session.execute(ordered.order_by(Order.created_at.desc(), Order.id).limit(MOST_PLACES)).scalars())
    own = sa.select(Contact.address).where(Contact.id == contact_id, Contact.address != "")
    further = sa.select(ContactAddress.address).where(ContactAddress.contact_id == contact_id)
    typed += session.execute(sa.union_all(own, further).limit(MOST_PLACES)).scalars()
    consents = sa.select(ContactConsent).where(ContactConsent.contact_id == contact_id).order_by(ContactConsent.purpose)
    forms = sa.select(Message).where(Message.sender_contact_id == contact_id, Message.meta.has_key("form"))
    forms = forms.where(Message.brand_id.in_(viewer.brand_ids)).order_by(Message.occurred_at.desc(), Message.id.desc())
    return CustomerFacts(
        places=tuple(dict.fromkeys(typed))[:MOST_PLACES],
        consents=tuple(session.execute(consents).scalars()),
        forms=tuple(session.execute(forms.limit(MOST_FORMS)).scalars()),
    )
