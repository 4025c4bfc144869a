"""Duplicate, split and merge orders. Each of these can be undone.

The caller owns the transaction. Order numbers are never used again, so an order that is not wanted any more is cancelled as
a duplicate. Orders sent by a partner are never cancelled here, because the partner would be notified of the cancellation.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.orders.actions import NewLine, NewOrder, create_order, lock_order, record_of_order, set_order_status, touch
from app.domain.orders.machines import ORDER
from app.domain.orders.models import (
    ENDED,
    Article,
    LineItem,
    LineItemStatus,
    Order,
    OrderPayment,
    OrderSource,
    OrderStatus,
    OrderThread,
)
from app.domain.orders.pricing import recompute_totals
from app.domain.orders.totals import TooMuchDiscount
from app.domain.transitions.actions import undo_transition
from app.domain.transitions.queries import find_last_transition
from app.domain.transitions.registry import kind_of

EVENT = "OrderRegrouped"
MOMENT = timedelta(microseconds=1)
BEFORE_VISITS = (OrderStatus.INTAKE_RECEIVED, OrderStatus.NEW, OrderStatus.QUOTED, OrderStatus.APPROVED)

ENDED_ORDER = N_("The order is completed or cancelled; reopen it to change it.")
SAME_ORDER = N_("The duplicate must be a different order from this one.")
OTHER_CUSTOMER = N_("The orders are for different customers.")
OTHER_MONEY = N_("The orders have different currencies, or only one of the orders has prices with tax.")
OTHER_BRAND = N_("The orders belong to different brands.")
FROM_PARTNER = N_(
    "The other order came from a partner. If you merge that order into this order, the partner sees it as "
    "cancelled. Instead, open the partner's order and merge this order into it."
)
HAS_VISIT = N_("The other order has an open visit: finish or cancel it first.")
NO_LINES = N_("Choose the lines to split off; at least one line must stay in this order.")
DISCOUNT_LEFT = N_("The order discount exceeds the total of the lines that stay in this order; lower the discount first.")
CHANGED_SINCE = N_("One of the orders has since changed; you cannot undo this.")


class UnableToRegroup(Exception):
    """Raised when orders cannot be duplicated, split or merged in this way. The message gives the reason in English."""


def duplicate_order(session: Session, order_id: uuid.UUID, *, now: datetime, actor: Actor) -> tuple[Order, Event]:
    """Create another order with the same customer, address, lines and prices, but without payments, threads and references.
    Return the new order and the event."""
    order = lock_order(session, order_id)
    rows = session.execute(
        sa.select(LineItem, Article.sku)
        .outerjoin(Article, Article.id == LineItem.article_id)
        .where(LineItem.order_id == order.id, LineItem.status != LineItemStatus.CANCELLED)
        .order_by(LineItem.position)
    ).all()
    lines = [
        NewLine(
            row.LineItem.description,
            row.LineItem.quantity,
            row.sku or "",
            row.LineItem.unit_price,
            discount=row.LineItem.discount_amount,
            tax_code=row.LineItem.tax_code,
        )
        for row in rows
    ]
    made = create_order(session, _like(order, lines, OrderStatus.NEW, order.discount_amount), now=now, actor=actor)
    made.address_id = order.address_id
    session.flush()
    return made, _told(session, "duplicate", order, made, {}, now=now, actor=actor)


def split_order(
    session: Session, order_id: uuid.UUID, line_ids: Collection[uuid.UUID], *, now: datetime, actor: Actor
) -> tuple[Order, Event]:
    """Move some lines to a new order. Return the new order and the event. A discount on the whole order stays with the old
    order.

    Raises `UnableToRegroup`, for example if no line or all lines are to be moved.
    """
    order = _lock_open(session, order_id)
    lines = _lines(session, order.id)
    moved = [line for line in lines if line.id in set(line_ids)]
    if not moved or len(moved) == len(lines):
        raise UnableToRegroup(NO_LINES)
    status = order.status if order.status in BEFORE_VISITS else OrderStatus.APPROVED
    made = create_order(session, _like(order, [], status, Decimal(0)), now=now, actor=actor)
    made.address_id = order.address_id
    kept = {"lines": _move_lines(session, moved, made), "threads": _link_threads(session, order, made, now=None)}
    try:
        _recompute(session, order, made, now=now)
    except TooMuchDiscount as error:
        raise UnableToRegroup(DISCOUNT_LEFT) from error
    return made, _told(session, "split", order, made, kept, now=now, actor=actor)


def merge_orders(session: Session, kept_id: uuid.UUID, other_id: uuid.UUID, *, now: datetime, actor: Actor) -> Event:
    """Move lines, payments and threads of the order `other_id` to the order `kept_id`, and cancel the former. Return the event.

    Raises `UnableToRegroup` if the orders do not fit together, and `TransitionRefused`.
    """
    if kept_id == other_id:
        raise UnableToRegroup(SAME_ORDER)
    for order_id in sorted((kept_id, other_id)):
        lock_order(session, order_id)
    order, other = session.get_one(Order, kept_id), session.get_one(Order, other_id)
    _check_merge(session, order, other)
    moved: dict[str, Any] = {
        "lines": _move_lines(session, _lines(session, other.id), order),
        "payments": _move_payments(session, other, order),
        "threads": _link_threads(session, other, order, now=now),
        "discount": str(other.discount_amount),
        "references": order.external_references,
    }
    order.discount_amount += other.discount_amount
    other.discount_amount = Decimal(0)
    order.external_references = {**other.external_references, **order.external_references}
    _recompute(session, order, other, now=now)
    _cancel(session, other, order, now=now, actor=actor)
    return _told(session, "merge", order, other, moved, now=now, actor=actor)


def undo_regroup(session: Session, event: Event, *, now: datetime, actor: Actor) -> Event:
    """Undo a duplication, split or merge, and return the new event. If the operation created an order, that order is cancelled.

    Raises `UnableToRegroup` if one of the orders has changed since, and `TransitionRefused`.
    """
    payload = event.payload
    order_id, other_id = uuid.UUID(payload["order_id"]), uuid.UUID(payload["other_order_id"])
    for locked in sorted((order_id, other_id)):
        lock_order(session, locked)
    order, other = session.get_one(Order, order_id), session.get_one(Order, other_id)
    if [order.version, other.version] != payload["versions"]:
        raise UnableToRegroup(CHANGED_SINCE)
    if payload["kind"] == "merge":
        _part_again(session, order, other, payload, now=now, actor=actor)
    else:
        back = [session.get_one(LineItem, uuid.UUID(one["id"])) for one in payload["moved"].get("lines", ())]
        _put_back(session, back, payload["moved"].get("lines", ()), order)
        _unlink_threads(session, other, payload["moved"])
        _recompute(session, order, other, now=now)
        _cancel(session, other, order, now=now, actor=actor)
    return _told(session, "undo", order, other, {"undoes": str(event.id)}, now=now, actor=actor)


def _part_again(session: Session, order: Order, other: Order, payload: dict[str, Any], *, now: datetime, actor: Actor) -> None:
    moved = payload["moved"]
    undo_transition(session, uuid.UUID(payload["transition_id"]), now=now, actor=actor, at_any_time=True)
    back = [session.get_one(LineItem, uuid.UUID(one["id"])) for one in moved["lines"]]
    _put_back(session, back, moved["lines"], other)
    for payment_id in moved["payments"]:
        session.get_one(OrderPayment, uuid.UUID(payment_id)).order_id = other.id
    _unlink_threads(session, order, moved)
    other.discount_amount = Decimal(moved["discount"])
    order.discount_amount -= other.discount_amount
    order.external_references = moved["references"]
    _recompute(session, order, other, now=now)


def _cancel(session: Session, other: Order, order: Order, *, now: datetime, actor: Actor) -> None:
    """Cancel the order `other`. The reason is the number of the order that stays, `order`."""
    to, number = OrderStatus.CANCELLED, order.order_number
    set_order_status(session, other.id, to, reason=number, reason_code="duplicate", now=now, actor=actor)


def _check_merge(session: Session, order: Order, other: Order) -> None:
    has_visit = kind_of(ORDER).guards["visit_planned"](session, other) is None
    for is_wrong, why in (
        (order.status in ENDED or other.status in ENDED, ENDED_ORDER),
        (order.brand_id != other.brand_id, OTHER_BRAND),
        (order.customer_contact_id != other.customer_contact_id, OTHER_CUSTOMER),
        ((order.currency, order.prices_include_tax) != (other.currency, other.prices_include_tax), OTHER_MONEY),
        (other.source is OrderSource.PARTNER, FROM_PARTNER),
        (has_visit, HAS_VISIT),
    ):
        if is_wrong:
            raise UnableToRegroup(why)


def _like(order: Order, lines: list[NewLine], status: OrderStatus, discount: Decimal) -> NewOrder:
    return NewOrder(
        brand_id=order.brand_id,
        customer_contact_id=order.customer_contact_id,
        source=OrderSource.USER,
        status=status,
        order_type=order.order_type,
        priority=order.priority,
        lines=lines,
        notes=order.notes,
        account_contact_id=order.account_contact_id,
        channel_contact_ids=order.channel_contact_ids,
        currency=order.currency,
        prices_include_tax=order.prices_include_tax,
        discount=discount,
    )


def _lock_open(session: Session, order_id: uuid.UUID) -> Order:
    order = lock_order(session, order_id)
    if order.status in ENDED:
        raise UnableToRegroup(ENDED_ORDER)
    return order


def _lines(session: Session, order_id: uuid.UUID) -> list[LineItem]:
    query = sa.select(LineItem).where(LineItem.order_id == order_id).order_by(LineItem.position)
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def _move_lines(session: Session, lines: list[LineItem], to: Order) -> list[dict[str, Any]]:
    """Move lines to the end of the order `to`. Return [{"id", "position"}] with their former positions."""
    last = max((line.position for line in _lines(session, to.id)), default=0)
    former = [{"id": str(line.id), "position": line.position} for line in lines]
    for place, line in enumerate(lines, start=1):
        line.order_id, line.position, line.order_discount_share = to.id, last + place, Decimal(0)
    session.flush()
    return former


def _put_back(session: Session, lines: list[LineItem], former: Collection[dict[str, Any]], to: Order) -> None:
    for line, place in zip(lines, former, strict=True):
        line.order_id, line.position, line.order_discount_share = to.id, place["position"], Decimal(0)
    session.flush()


def _move_payments(session: Session, other: Order, order: Order) -> list[str]:
    found = list(session.execute(sa.select(OrderPayment).where(OrderPayment.order_id == other.id)).scalars())
    for payment in found:
        payment.order_id = order.id
    return [str(payment.id) for payment in found]


def _link_threads(session: Session, other: Order, order: Order, *, now: datetime | None) -> list[str]:
    """Link the threads of the order `other` also with `order`. Return the ids of the threads that were linked.

    If `now` is given, lists of threads then show `order`. If it is None, they go on showing `other`.
    """
    here = sa.select(OrderThread.thread_id).where(OrderThread.order_id == order.id)
    query = sa.select(OrderThread.thread_id, OrderThread.linked_at)
    query = query.where(OrderThread.order_id == other.id, OrderThread.thread_id.not_in(here))
    found = session.execute(query).all()
    for row in found:
        session.add(OrderThread(order_id=order.id, thread_id=row.thread_id, linked_at=now or row.linked_at - MOMENT))
    return [str(row.thread_id) for row in found]


def _unlink_threads(session: Session, order: Order, moved: dict[str, Any]) -> None:
    links = sa.delete(OrderThread).where(OrderThread.order_id == order.id)
    session.execute(links.where(OrderThread.thread_id.in_([uuid.UUID(one) for one in moved.get("threads", ())])))


def _recompute(session: Session, *orders: Order, now: datetime) -> None:
    for order in orders:
        recompute_totals(session, order)
        touch(session, order, now)


def _told(
    session: Session, kind: str, order: Order, other: Order, moved: dict[str, Any], *, now: datetime, actor: Actor
) -> Event:
    """Record the event on both orders. Return the event of `order`, which an undo refers to."""
    session.flush()
    last = _last_transition(session, other)
    payload = {"kind": kind, "moved": moved, "versions": [order.version, other.version], "transition_id": last}
    about = {"other_order_id": str(order.id), "other_number": order.order_number}
    record_of_order(session, EVENT, other, now=now, actor=actor, payload={"kind": kind, "is_other": True, **about})
    about = {"other_order_id": str(other.id), "other_number": other.order_number}
    return record_of_order(session, EVENT, order, now=now, actor=actor, payload={**payload, **about})


def _last_transition(session: Session, order: Order) -> str:
    found = find_last_transition(session, ORDER, order.id)
    return str(found.id) if found is not None else ""
