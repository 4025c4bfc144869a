"""Make and withdraw quotes, and store the customer's answer. The caller owns the transaction.

The thread is locked before the order, as in the code that links them. The customer's answer is stored even if the status of
the order cannot change; colleagues then see the answer in the order's history.
"""

from __future__ import annotations

import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.orders.actions import lock_order, record_of_order, set_order_status
from app.domain.orders.models import Order, OrderStatus
from app.domain.quotes.content import content_of
from app.domain.quotes.models import OrderQuote, QuoteAnswer
from app.domain.quotes.queries import hash_of, state_of
from app.domain.threads.actions import change_status, lock_thread
from app.domain.threads.models import ThreadStatus
from app.domain.threads.order_threads import find_thread_of_order
from app.domain.transitions.actions import TransitionRefused
from app.domain.transitions.models import REASON_CHARACTERS

MAY_BE_QUOTED = (OrderStatus.NEW, OrderStatus.QUOTED)
NOT_NOW = N_("You can make a quote only for an order with the status “New order” or “Quoted”.")
UNPRICED = N_("A line has no price.")
EMPTY = N_("The order is empty: add a line.")


class UnableToQuote(Exception):
    """Raised when no quote can be made for the order now. The message says why, in English."""


@dataclass(eq=False)
class QuoteClosed(Exception):
    """Raised when the quote can no longer be answered. `state` says why, in the words of `state_of`."""

    state: str


@dataclass(frozen=True)
class NewQuote:
    """The values that a colleague enters for a quote.

    `id` is made once per form, so that sending the form twice makes one quote.
    """

    id: uuid.UUID
    language: str
    expires_at: datetime


def make_quote(session: Session, order_id: uuid.UUID, new: NewQuote, *, now: datetime, actor: Actor) -> tuple[OrderQuote, str]:
    """Make a quote of the order in its present state. Return the quote and the secret of its link.

    The secret is returned only here; it is "" if a quote with this id exists already. The order becomes quoted, and its
    earlier open quotes are withdrawn. Raises `UnableToQuote` and `TransitionRefused`.
    """
    order = lock_order(session, order_id)
    known = session.get(OrderQuote, new.id)
    if known is not None:
        return known, ""
    content = content_of(session, order)
    refusal = NOT_NOW if order.status not in MAY_BE_QUOTED else EMPTY if not content["lines"] else ""
    if refusal or content["gross"] is None:
        raise UnableToQuote(refusal or UNPRICED)
    for waiting in _waiting(session, order):
        waiting.withdrawn_at = now
    token = secrets.token_urlsafe(24)
    quote = OrderQuote(
        id=new.id,
        order_id=order.id,
        token_hash=hash_of(token),
        language=new.language,
        content=content,
        made_at=now,
        made_by_user_id=actor.user_id,
        expires_at=new.expires_at,
    )
    session.add(quote)
    session.flush()
    set_order_status(session, order.id, OrderStatus.QUOTED, now=now, actor=actor, business_context={"quote_id": str(quote.id)})
    payload = {"quote_id": str(quote.id), "gross_total": content["gross"], "expires_at": new.expires_at.isoformat()}
    record_of_order(session, "QuoteMade", order, now=now, actor=actor, payload=payload)
    return quote, token


def withdraw_quote(session: Session, quote_id: uuid.UUID, *, now: datetime, actor: Actor) -> bool:
    """Withdraw a quote, so that it can no longer be answered. The order's status stays the same.

    Return False if the quote was already answered or withdrawn.
    """
    order = lock_order(session, session.get_one(OrderQuote, quote_id).order_id)
    quote = _lock(session, quote_id)
    if quote.withdrawn_at is not None or quote.answer is not None:
        return False
    quote.withdrawn_at = now
    record_of_order(session, "QuoteWithdrawn", order, now=now, actor=actor, payload={"quote_id": str(quote.id)})
    return True


def answer_quote(
    session: Session, quote_id: uuid.UUID, answer: QuoteAnswer, *, name: str, note: str = "", now: datetime
) -> OrderQuote:
    """Store the customer's answer to a quote, once. The same answer again changes nothing. Raises `QuoteClosed`.

    The order becomes approved if the quote is accepted, and new if it is declined. Its thread is opened again.
    """
    order_id = session.get_one(OrderQuote, quote_id).order_id
    thread_id = find_thread_of_order(session, order_id)
    if thread_id is not None:
        lock_thread(session, thread_id)
    order, quote = lock_order(session, order_id), _lock(session, quote_id)
    state = state_of(session, quote, order, now=now)
    if state == answer.value:
        return quote
    if state != "open":
        raise QuoteClosed(state)
    quote.answer, quote.answered_at, quote.answered_by, quote.answer_note = answer, now, name, note
    session.flush()
    actor = Actor(by={"kind": "form", "id": str(quote.id), "name": name})
    _follow(session, order, quote, now=now, actor=actor)
    if thread_id is not None:
        change_status(session, thread_id=thread_id, status=ThreadStatus.OPEN, actor=actor, now=now)
    event = "QuoteAccepted" if answer is QuoteAnswer.ACCEPTED else "QuoteDeclined"
    payload = {"quote_id": str(quote.id), "name": name, "note": note, "gross_total": quote.content["gross"]}
    record_of_order(session, event, order, now=now, actor=actor, payload=payload)
    return quote


def _follow(session: Session, order: Order, quote: OrderQuote, *, now: datetime, actor: Actor) -> None:
    """Set the order's status to approved, or to new if the quote was declined. Do nothing if the order is no longer quoted."""
    to = OrderStatus.APPROVED if quote.answer is QuoteAnswer.ACCEPTED else OrderStatus.NEW
    if order.status is not OrderStatus.QUOTED:
        return
    why = f"{quote.answered_by}: {quote.answer_note}".removesuffix(": ")[:REASON_CHARACTERS]
    context = {"quote_id": str(quote.id), "name": quote.answered_by}
    with suppress(TransitionRefused), session.begin_nested():
        set_order_status(session, order.id, to, reason=why, now=now, actor=actor, business_context=context)


def _waiting(session: Session, order: Order) -> list[OrderQuote]:
    query = sa.select(OrderQuote).where(OrderQuote.order_id == order.id, OrderQuote.answer.is_(None))
    query = query.where(OrderQuote.withdrawn_at.is_(None)).order_by(OrderQuote.id).with_for_update()
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def _lock(session: Session, quote_id: uuid.UUID) -> OrderQuote:
    query = sa.select(OrderQuote).where(OrderQuote.id == quote_id).with_for_update()
    return session.execute(query.execution_options(populate_existing=True)).scalar_one()
