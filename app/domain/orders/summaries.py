"""Read short rows of many orders for the board and the list, and the sums of the board's columns."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand
from app.domain.addresses.models import Address
from app.domain.contacts.models import Contact
from app.domain.orders.models import ENDED, LineItem, Order, OrderPriority, OrderSource, OrderStatus
from app.domain.orders.queries import EVERY, Narrow, OrderConditions, at_place, matching_orders

COUNTED = 1000
Ts = TypeVarTuple("Ts")
_NOTHING = (sa.cast(sa.null(), Order.currency.type), sa.cast(sa.null(), Order.gross_total.type))


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """An order as a card of the board or a row of the list shows it. `city` is None or "" if it is not known."""

    id: uuid.UUID
    order_number: str
    status: OrderStatus
    priority: OrderPriority
    source: OrderSource
    currency: str
    gross_total: Decimal | None
    created_at: datetime
    brand_name: str
    customer_name: str
    city: str | None


@dataclass(frozen=True)
class ColumnSums:
    """The sums of a column (status) of the board. `count`: the number of orders. If `is_more` is True, there are at least so
    many.

    `money`: {currency: sum of the totals}, {} if there are too many orders to add up. `unpriced`: the number of orders
    without a price. `of_brand`: {brand id: number of orders}.
    """

    count: int = 0
    money: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: int = 0
    of_brand: Mapping[uuid.UUID, int] = field(default_factory=dict, compare=False)
    is_more: bool = False


def list_summaries(
    session: Session, *, viewer: Viewer, conditions: OrderConditions, sort: Sort, cursor: str | None = None, limit: int
) -> Page[OrderSummary]:
    """List one page of orders, sorted by `sort` (created_at). One query. Raises `BadCursor`."""

    def cut_off(query: sa.Select[*Ts]) -> sa.Select[*Ts]:
        return paged(query, sort, Order.created_at, Order.id, cursor=cursor, limit=limit)

    query = cut_off(_query().where(*matching_orders(viewer, conditions, cut_off)))
    rows = [OrderSummary(*row) for row in session.execute(query)]
    return cut(rows, limit, sort, lambda row: Place(row.created_at, row.id))


def list_ordered(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[tuple[Decimal, str]]]:
    """Return {order id: [(quantity, description), …]} with the lines in their order. One query."""
    query = sa.select(LineItem.order_id, LineItem.quantity, LineItem.description).where(LineItem.order_id.in_(order_ids))
    found: dict[uuid.UUID, list[tuple[Decimal, str]]] = defaultdict(list)
    for order_id, quantity, description in session.execute(query.order_by(LineItem.order_id, LineItem.position)):
        found[order_id].append((quantity, description))
    return found


def list_columns(
    session: Session, *, viewer: Viewer, limit: int, conditions: OrderConditions = EVERY
) -> dict[OrderStatus, list[OrderSummary]]:
    """Return {status: orders} with the newest orders of each status, newest first, at most `limit` each. One query, which uses
    the index for each status."""

    def newest(query: sa.Select[*Ts]) -> sa.Select[*Ts]:
        return query.order_by(Order.created_at.desc(), Order.id.desc()).limit(limit)

    ids = [newest(sa.select(Order.id).where(*column)) for column in _by_status(viewer, conditions, newest).values()]
    query = _query().where(Order.id.in_(sa.union_all(*ids))).order_by(Order.created_at.desc(), Order.id.desc())
    found: dict[OrderStatus, list[OrderSummary]] = defaultdict(list)
    for row in session.execute(query):
        found[row.status].append(OrderSummary(*row))
    return found


def sum_by_status(
    session: Session, *, viewer: Viewer, conditions: OrderConditions = EVERY, cap: int = COUNTED
) -> dict[OrderStatus, ColumnSums]:
    """Return {status: sums} for each status with orders. Orders are counted up to `cap`. Money is added up only for statuses in
    which an order has not ended.

    One query. Its cost does not grow with the number of orders.
    """

    def some(query: sa.Select[*Ts]) -> sa.Select[*Ts]:
        return query.limit(cap)

    parts = []
    for status, here in _by_status(viewer, conditions, some).items():
        currency, total = _NOTHING if status in ENDED else (Order.currency, Order.gross_total)
        columns = (Order.status, Order.brand_id, currency.label("currency"), total.label("gross_total"))
        parts.append(some(sa.select(*columns).where(*here)))
    every = sa.union_all(*parts).subquery()
    figures = (sa.func.count(), sa.func.sum(every.c.gross_total), sa.func.count(every.c.gross_total))
    groups = (every.c.status, every.c.brand_id, every.c.currency)
    found: dict[OrderStatus, ColumnSums] = {}
    for status, brand_id, currency, count, total, priced in session.execute(
        sa.select(*groups, *figures).group_by(*groups).order_by(every.c.currency)
    ):
        before = found.get(status, ColumnSums())
        money = {**before.money, **({currency: before.money.get(currency, 0) + total} if total is not None else {})}
        unpriced = before.unpriced + (count - priced if status not in ENDED else 0)
        of_brand = {**before.of_brand, brand_id: before.of_brand.get(brand_id, 0) + count}
        found[status] = ColumnSums(before.count + count, money, unpriced, of_brand)
    return {
        status: sums if sums.count < cap else ColumnSums(cap, of_brand=sums.of_brand, is_more=True)
        for status, sums in found.items()
    }


def is_large(session: Session, place: str, *, cap: int = COUNTED) -> bool:
    """Return True if a place has more than `cap` addresses. Counting its orders would then take longer than listing them.

    One query, which reads at most `cap` + 1 addresses.
    """
    some = sa.select(Address.id).where(at_place(place)).limit(cap + 1).subquery()
    return session.execute(sa.select(sa.func.count()).select_from(some)).scalar_one() > cap


def sum_shown(shown: Mapping[OrderStatus, Sequence[OrderSummary]], *, limit: int) -> dict[OrderStatus, ColumnSums]:
    """Return {status: sums}, calculated from the orders that the board shows, for the case that they are not counted in the
    database.

    `limit` is the limit with which the orders were read. A status with `limit` orders gets no money, because it may have
    more orders.
    """
    return {
        status: _sum_of(orders, status) if len(orders) < limit else ColumnSums(limit, is_more=True)
        for status, orders in shown.items()
    }


def _sum_of(orders: Sequence[OrderSummary], status: OrderStatus) -> ColumnSums:
    money: dict[str, Decimal] = {}
    open_ones = [] if status in ENDED else sorted(orders, key=lambda one: one.currency)
    for one in open_ones:
        if one.gross_total is not None:
            money[one.currency] = money.get(one.currency, Decimal(0)) + one.gross_total
    return ColumnSums(len(orders), money, sum(one.gross_total is None for one in open_ones))


def _query() -> sa.Select[*tuple[Any, ...]]:
    order = (Order.id, Order.order_number, Order.status, Order.priority, Order.source, Order.currency, Order.gross_total)
    query: sa.Select[*tuple[Any, ...]] = sa.select(*order, Order.created_at, Brand.name, Contact.name, Address.city)
    query = query.join(Brand, Brand.id == Order.brand_id).join(Contact, Contact.id == Order.customer_contact_id)
    return query.outerjoin(Address, Address.id == Order.address_id)


def _by_status(viewer: Viewer, wanted: OrderConditions, cut_off: Narrow) -> dict[OrderStatus, list[sa.ColumnElement[bool]]]:
    """Return {status: SQL conditions} for the columns of the board. Conditions that all columns share are built once, because
    building them nine times takes longer than the query."""
    if wanted.words:  # each way to find them is cut off by itself, so within a status
        return {status: matching_orders(viewer, replace(wanted, status=status), cut_off) for status in OrderStatus}
    here = matching_orders(viewer, wanted, cut_off)
    return {status: [Order.status == status, *here] for status in OrderStatus}
