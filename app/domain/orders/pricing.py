"""Recalculate the stored totals of an order from its lines. The caller holds the lock of the order."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.db import table_of
from app.domain.orders.models import LineItem, LineItemStatus, Order, OrderStatus, OrderTaxTotal
from app.domain.orders.totals import PricedLine, Totals, order_totals

_TAX_TOTAL = sa.insert(table_of(OrderTaxTotal))


def recompute_totals(session: Session, order: Order) -> Totals:
    """Recalculate totals, tax rows, and the share of each line in the order's discount, and return the totals.

    Cancelled lines do not count. But if the whole order is cancelled they count, so that it keeps its value. Raises
    `TooMuchDiscount`.
    """
    session.flush()
    query = sa.select(LineItem).where(LineItem.order_id == order.id).order_by(LineItem.position)
    lines = list(session.execute(query.execution_options(populate_existing=True)).scalars())
    if order.status is not OrderStatus.CANCELLED:
        for line in lines:
            line.order_discount_share = line.order_discount_share if line.status is not LineItemStatus.CANCELLED else 0  # type: ignore[assignment]
        lines = [line for line in lines if line.status is not LineItemStatus.CANCELLED]
    found = _work_out(order, lines)
    session.execute(sa.delete(OrderTaxTotal).where(OrderTaxTotal.order_id == order.id))
    session.add_all(OrderTaxTotal(order_id=order.id, **vars(row)) for row in found.taxes)
    session.flush()
    return found


def first_totals(session: Session, order: Order, lines: Sequence[LineItem]) -> None:
    """Insert a new order with its lines and its totals. Raises `TooMuchDiscount`."""
    counted = [line for line in lines if order.status is OrderStatus.CANCELLED or line.status is not LineItemStatus.CANCELLED]
    found = _work_out(order, counted)
    session.add(order)
    session.flush()
    session.add_all(lines)
    session.flush()
    if found.taxes:
        session.connection().execute(_TAX_TOTAL, [{"order_id": order.id, **vars(row)} for row in found.taxes])


def _work_out(order: Order, lines: Sequence[LineItem]) -> Totals:
    priced = [PricedLine(line.quantity, line.unit_price, line.tax_code, line.discount_amount) for line in lines]
    found = order_totals(priced, prices_include_tax=order.prices_include_tax, discount=order.discount_amount)
    for line, share in zip(lines, found.shares, strict=True):
        line.order_discount_share = share
    order.net_total, order.tax_total, order.gross_total = found.net, found.tax, found.gross
    return found
