"""List the people to whom a thread was forwarded. Their messages join the thread; a reply to the contact never goes to them."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.contacts.models import ContactIdentity
from app.domain.threads.models import Message, Thread

FORWARD_OF = "forward_of"  # in Message.meta: the id of the message that was forwarded


def list_third_parties(session: Session, thread: Thread) -> frozenset[str]:
    """Return the lower-case addresses to which this thread was forwarded, without the contact's own. At most two queries."""
    forwards = sa.and_(Message.thread_id == thread.id, Message.meta.has_key(FORWARD_OF))
    found = session.execute(sa.select(Message.recipients).where(forwards)).scalars().all()
    if not found:
        return frozenset()
    own = sa.select(sa.func.lower(ContactIdentity.value)).where(ContactIdentity.contact_id == thread.contact_id)
    return frozenset().union(*map(addresses_of, found)) - set(session.execute(own).scalars())


def addresses_of(recipients: dict[str, list[dict[str, str]]]) -> frozenset[str]:
    """Return the lower-case addresses in a message's stored recipients."""
    return frozenset(p.get("address", "").lower() for kind in ("to", "cc", "bcc") for p in recipients.get(kind, ()))
