"""Record payments and refunds of an order, and calculate its balance. The caller owns the transaction.

A payment that is reported twice is stored once. A pending payment may be reported again as received or failed. A refund is a
row of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.actions import Actor
from app.domain.orders.actions import lock_order, record_of_order
from app.domain.orders.models import Order, OrderPayment, PaymentKind, PaymentState

EVENTS = {
    (PaymentKind.PAYMENT, PaymentState.RECEIVED): "PaymentReceived",
    (PaymentKind.PAYMENT, PaymentState.FAILED): "PaymentFailed",
    (PaymentKind.REFUND, PaymentState.RECEIVED): "PaymentRefunded",
}


class WrongCurrency(ValueError):
    """Raised when a payment is in another currency than its order. Amounts in different currencies are never added."""


class TooMuchRefund(ValueError):
    """Raised when a refund is larger than the amount paid for the order."""


@dataclass(frozen=True)
class NewPayment:
    """Money that came in or was refunded. `source_key`: the sender's own id of the payment, unique among all payments.
    `currency`: three capital letters. `amount` is greater than 0. `refunds_id`: the payment that a refund refunds."""

    source_key: str
    amount: Decimal
    currency: str
    reference: str
    paid_at: datetime
    kind: PaymentKind = PaymentKind.PAYMENT
    state: PaymentState = PaymentState.RECEIVED
    refunds_id: uuid.UUID | None = None


@dataclass(frozen=True)
class Balance:
    """The paid and the open amount of an order. `paid`: everything received minus everything refunded. `open`: the order's
    total minus `paid`.

    `open` is None while a line has no price. It is negative if too much was paid.
    """

    paid: Decimal
    open: Decimal | None

    @property
    def is_settled(self) -> bool:
        return self.open is not None and self.open <= 0


def add_payment(session: Session, order: Order, new: NewPayment, *, now: datetime, actor: Actor) -> bool:
    """Record a payment or refund, or the result of a pending one. Return False, and change nothing, if it is known already.

    Raises `WrongCurrency` if the currency is not the order's, and `TooMuchRefund` if a refund exceeds the paid amount.
    """
    lock_order(session, order.id)
    if new.currency != order.currency:
        raise WrongCurrency(new.currency)
    known = session.execute(sa.select(OrderPayment).where(OrderPayment.source_key == new.source_key)).scalar_one_or_none()
    if known is not None and not (known.state is PaymentState.PENDING and new.state is not PaymentState.PENDING):
        return False
    if new.kind is PaymentKind.REFUND and new.amount > balance_of(order, list_payments(session, order.id)).paid:
        raise TooMuchRefund(str(new.amount))
    if known is None:
        session.add(OrderPayment(id=new_id(), order_id=order.id, created_at=now, **vars(new)))
    else:
        known.state, known.paid_at = new.state, new.paid_at
    session.flush()
    event = EVENTS.get((new.kind, new.state))
    payload = {
        "amount": str(new.amount),
        "currency": new.currency,
        "reference": new.reference,
        "paid_at": new.paid_at.isoformat(),
    }
    if event is not None:
        record_of_order(session, event, order, now=now, actor=actor, payload=payload)
    return True


def list_payments(session: Session, order_id: uuid.UUID) -> list[OrderPayment]:
    """List the payments and refunds of an order, oldest first."""
    query = sa.select(OrderPayment).where(OrderPayment.order_id == order_id)
    return list(session.execute(query.order_by(OrderPayment.paid_at, OrderPayment.id)).scalars())


def read_paid(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Decimal]:
    """Return {order id: amount received minus amount refunded}. It is 0 for an order without payments. One query."""
    found = dict.fromkeys(order_ids, Decimal(0))
    signed = sa.case((OrderPayment.kind == PaymentKind.PAYMENT, OrderPayment.amount), else_=-OrderPayment.amount)
    received = (OrderPayment.order_id.in_(order_ids), OrderPayment.state == PaymentState.RECEIVED)
    query = sa.select(OrderPayment.order_id, sa.func.sum(signed).label("paid")).where(*received).group_by(OrderPayment.order_id)
    for row in session.execute(query) if order_ids else ():
        found[row.order_id] = row.paid
    return found


def balance_of(order: Order, payments: Sequence[OrderPayment]) -> Balance:
    """Return the paid and the open amount of an order. Pending and failed payments do not count."""
    received = [one for one in payments if one.state is PaymentState.RECEIVED]
    paid = sum((one.amount if one.kind is PaymentKind.PAYMENT else -one.amount for one in received), Decimal(0))
    return Balance(paid, None if order.gross_total is None else order.gross_total - paid)
