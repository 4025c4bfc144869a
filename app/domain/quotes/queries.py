"""Read quotes, and work out their state."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.orders.models import ENDED, Order, OrderStatus
from app.domain.quotes.content import content_of, offered
from app.domain.quotes.models import OrderQuote

LANGUAGES = ("nl", "en", "fr")
NOT_YET = (OrderStatus.INTAKE_RECEIVED, OrderStatus.NEW)  # somebody took the step back by which it was quoted


@dataclass(frozen=True)
class QuoteRow:
    """A quote. `made_by` is the name of the user who made it, or "" if there is no such user."""

    quote: OrderQuote
    made_by: str


def hash_of(token: str) -> bytes:
    """Return the hash under which the secret of a quote's link is stored."""
    return hashlib.sha256(token.encode()).digest()


def find_quote(session: Session, token: str) -> OrderQuote | None:
    """Return the quote whose link has this secret, in any state. Return None if there is none."""
    return session.execute(sa.select(OrderQuote).where(OrderQuote.token_hash == hash_of(token))).scalar_one_or_none()


def list_quotes(session: Session, order_id: uuid.UUID) -> list[QuoteRow]:
    """List an order's quotes, newest first. One query."""
    query = sa.select(OrderQuote, User.name).outerjoin(User, User.id == OrderQuote.made_by_user_id)
    rows = session.execute(query.where(OrderQuote.order_id == order_id).order_by(OrderQuote.made_at.desc(), OrderQuote.id.desc()))
    return [QuoteRow(row.OrderQuote, row.name or "") for row in rows]


def state_of(session: Session, quote: OrderQuote, order: Order, *, now: datetime) -> str:
    """Return the state of a quote: "open", "accepted", "declined", "withdrawn", "expired", "closed" or "changed".

    "closed": the order has ended. "changed": the order differs from the quote. A quote whose order was set back to new
    counts as withdrawn.
    """
    if quote.answer is not None:
        return quote.answer.value
    if quote.withdrawn_at is not None or order.status in NOT_YET:
        return "withdrawn"
    if quote.expires_at <= now:
        return "expired"
    if order.status in ENDED:
        return "closed"
    return "open" if offered(content_of(session, order)) == offered(quote.content) else "changed"


def language_for(session: Session, order: Order) -> str:
    """Return the language in which to write to the customer: the contact's language, or else the first of the brand's
    languages.

    Languages that are not in `LANGUAGES` are skipped. If none is left, return the first of `LANGUAGES`.
    """
    language = session.get_one(Contact, order.customer_contact_id).language
    known = [language, *session.get_one(Brand, order.brand_id).languages]
    return next((one for one in known if one in LANGUAGES), LANGUAGES[0])
