"""Read orders of the viewer's brands: lists, one order, its history and its money. The short rows of board and list are in
summaries.py."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVarTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from app.core.keyset import Place, Sort, after, cut, matching, ordering, paged
from app.core.paging import Page
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Brand, User
from app.domain.addresses.models import Address
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.orders.models import (
    Article,
    LineItem,
    Order,
    OrderPayment,
    OrderStatus,
    OrderTaxTotal,
    OrderThread,
)
from app.domain.orders.numbers import WHOLE_NUMBER

Ts = TypeVarTuple("Ts")
Narrow = Callable[[sa.Select[uuid.UUID]], sa.Select[uuid.UUID]]


class OrderMissing(Exception):
    """Raised when the order does not exist, or when the viewer may not see it."""


@dataclass(frozen=True)
class OrderConditions:
    """Filters for a list of orders. None or an empty value means no filter.

    `words` are searched in our order numbers, in the senders' numbers, and in customers' names. `brand` is the key of a
    brand. `place`: the beginning of a postcode or town. `beside`: SQL conditions that other features add.
    """

    status: OrderStatus | None = None
    brand: str | None = None
    order_number: str | None = None
    customer_contact_id: uuid.UUID | None = None
    words: str = ""
    brand_id: uuid.UUID | None = None
    account_contact_id: uuid.UUID | None = None
    place: str = ""  # what a postcode begins with, or a town
    beside: tuple[sa.ColumnElement[bool], ...] = ()  # what features above know of orders


EVERY = OrderConditions()


@dataclass(frozen=True)
class LineRow:
    item: LineItem
    article: Article | None


@dataclass(frozen=True)
class OrderRow:
    """An order as lists and its page show it."""

    order: Order
    brand_key: str
    brand_name: str
    brand_hue: int
    customer_name: str
    address: Address | None
    creator_name: str
    lines: tuple[LineRow, ...] = ()
    thread_ids: tuple[uuid.UUID, ...] = ()


def list_orders(
    session: Session,
    *,
    viewer: Viewer,
    conditions: OrderConditions,
    sort: Sort,
    cursor: str | None = None,
    limit: int = 50,
    with_threads: bool = True,
) -> Page[OrderRow]:
    """List one page of orders with their lines, in at most three queries. If `with_threads` is True, also read the ids of their
    threads.

    `sort.field` is created_at. Raises `BadCursor`.
    """

    def cut_off(query: sa.Select[*Ts]) -> sa.Select[*Ts]:
        return paged(query, sort, Order.created_at, Order.id, cursor=cursor, limit=limit)

    rows = session.execute(cut_off(_query(viewer).where(*matching_orders(viewer, conditions, cut_off)))).all()
    page = cut(rows, limit, sort, lambda row: Place(row.Order.created_at, row.Order.id))
    return Page(tuple(_completed(session, page.items, with_threads=with_threads)), page.next_cursor)


def get_order(session: Session, *, viewer: Viewer, order_id: uuid.UUID, with_threads: bool = True) -> OrderRow:
    """Return the order with its lines, in one query. If `with_threads` is True, a second query reads the ids of its threads.

    Raises `OrderMissing` if there is no such order, or if the viewer may not see it.
    """
    query = _query(viewer).add_columns(LineItem, Article).where(Order.id == order_id)
    query = query.outerjoin(LineItem, LineItem.order_id == Order.id).outerjoin(Article, Article.id == LineItem.article_id)
    rows = session.execute(query.order_by(LineItem.position).execution_options(populate_existing=True)).all()
    if not rows:
        raise OrderMissing(str(order_id))
    lines = tuple(LineRow(row.LineItem, row.Article) for row in rows if row.LineItem is not None)
    threads = _threads_of(session, [order_id])[order_id] if with_threads else []
    return _row(rows[0], lines, tuple(threads))


def find_order_beside(
    session: Session, order: Order, *, viewer: Viewer, conditions: OrderConditions, sort: Sort
) -> uuid.UUID | None:
    """Return the id of the order that comes next after `order` in the list of `conditions`, sorted by `sort` (created_at).
    Return None if there is none.

    `order` itself need not fulfil the conditions. One query.
    """
    place = Place(order.created_at, order.id)

    def following(query: sa.Select[*Ts]) -> sa.Select[*Ts]:
        behind = query.where(after(place, sort, Order.created_at, Order.id))
        return behind.order_by(*ordering(sort, Order.created_at, Order.id)).limit(1)

    return session.scalar(following(sa.select(Order.id).where(*matching_orders(viewer, conditions, following))))


def find_order_numbered(session: Session, *, viewer: Viewer, brand_id: uuid.UUID, number: str) -> Order | None:
    """Return the brand's order with this number if the viewer may see it. Return None otherwise. One query."""
    query = sa.select(Order).where(Order.order_number == number, Order.brand_id == brand_id)
    return session.execute(query.where(Order.brand_id.in_(viewer.brand_ids))).scalar_one_or_none()


def list_events_of_order(session: Session, order_id: uuid.UUID, *, limit: int = 200) -> list[tuple[Event, str]]:
    """List (event, name of the user who caused it) for an order and the orders merged into it, oldest first. The name is "" if
    no user caused the event.

    Only the newest `limit` events are returned. One query, and one more for each merged order.
    """
    told, gone, seen = list[tuple[Event, str]](), [order_id], set[uuid.UUID]()
    while gone:
        one = gone.pop()
        seen.add(one)
        found = _list_events_of(session, one, limit=limit)
        told += found
        gone += sorted(_merged_into(event for event, _name in found) - seen)
    return sorted(told, key=lambda row: (row[0].occurred_at, row[0].id))[-limit:]


def _list_events_of(session: Session, order_id: uuid.UUID, *, limit: int) -> list[tuple[Event, str]]:
    here = sa.and_(Event.payload.has_key("order_id"), Event.payload["order_id"].astext == str(order_id))
    query = sa.select(Event, User.name).outerjoin(User, User.id == Event.actor_user_id).where(here)
    rows = session.execute(query.order_by(Event.occurred_at.desc(), Event.id.desc()).limit(limit)).all()
    return [(row.Event, row.name or "") for row in rows]


def _merged_into(events: Iterable[Event]) -> set[uuid.UUID]:
    """Return the ids of the orders that were merged into the order with these events. Merges that were undone are left out."""
    told = [event for event in events if event.type == "OrderRegrouped" and not event.payload.get("is_other")]
    undone = {event.payload["moved"].get("undoes") for event in told if event.payload["kind"] == "undo"}
    merged = [event for event in told if event.payload["kind"] == "merge" and str(event.id) not in undone]
    return {uuid.UUID(event.payload["other_order_id"]) for event in merged}


def list_money(session: Session, order_id: uuid.UUID) -> tuple[list[OrderTaxTotal], list[OrderPayment]]:
    """Return an order's tax rows, sorted by code and part, and its payments, oldest first. One query joins both, because there
    are few of each."""
    query = sa.select(OrderTaxTotal, OrderPayment).select_from(Order)
    query = query.outerjoin(OrderTaxTotal, OrderTaxTotal.order_id == Order.id)
    query = query.outerjoin(OrderPayment, OrderPayment.order_id == Order.id).where(Order.id == order_id)
    rows = session.execute(query.execution_options(populate_existing=True)).all()
    taxes = {(row.OrderTaxTotal.tax_code, row.OrderTaxTotal.part): row.OrderTaxTotal for row in rows if row.OrderTaxTotal}
    payments = {(row.OrderPayment.paid_at, row.OrderPayment.id): row.OrderPayment for row in rows if row.OrderPayment}
    return [taxes[key] for key in sorted(taxes)], [payments[key] for key in sorted(payments)]


def list_orders_of_contact(session: Session, *, viewer: Viewer, contact_id: uuid.UUID, limit: int = 20) -> list[OrderRow]:
    """List the newest orders of a customer, newest first, without their lines. One query."""
    query = _query(viewer).where(Order.customer_contact_id == contact_id)
    rows = session.execute(query.order_by(Order.created_at.desc(), Order.id.desc()).limit(limit)).all()
    return [_row(row, (), ()) for row in rows]


def _query(viewer: Viewer) -> sa.Select[*tuple[Any, ...]]:
    query: sa.Select[*tuple[Any, ...]] = sa.select(
        Order, Address, Brand.key, Brand.name, Brand.hue, Contact.name.label("customer_name"), User.name.label("creator_name")
    )
    query = query.join(Brand, Brand.id == Order.brand_id).join(Contact, Contact.id == Order.customer_contact_id)
    query = query.outerjoin(Address, Address.id == Order.address_id).outerjoin(User, User.id == Order.created_by_user_id)
    return query.where(Order.brand_id.in_(viewer.brand_ids))


def matching_orders(viewer: Viewer, wanted: OrderConditions, cut_off: Narrow) -> list[sa.ColumnElement[bool]]:
    """Return the SQL conditions for orders of the viewer's brands that fulfil `wanted`. `cut_off` orders and limits a query.

    If `wanted` has words, order number, customer's name and senders' number are searched in one subquery each. Each of these
    uses its own index and is limited by `cut_off`; one condition with OR would read all orders.
    """
    here = [Order.brand_id.in_(viewer.brand_ids), *_conditions(wanted)]
    if not wanted.words:
        return here
    named = sa.select(Contact.id).where(Contact.name.icontains(wanted.words, autoescape=True))
    number, is_whole = Order.order_number, WHOLE_NUMBER.fullmatch(wanted.words.upper())
    ways = (
        number == wanted.words.upper() if is_whole else number.icontains(wanted.words, autoescape=True),
        Order.customer_contact_id.in_(named),
        Order.id.in_(orders_called(wanted.words)),
    )
    found = [cut_off(sa.select(Order.id).where(*here, way)).subquery() for way in ways]
    return [Order.id.in_(sa.union_all(*(sa.select(one.c.id) for one in found)))]


def _conditions(wanted: OrderConditions) -> list[sa.ColumnElement[bool]]:
    conditions = matching(
        {
            Order.status: wanted.status,
            Order.order_number: wanted.order_number,
            Order.customer_contact_id: wanted.customer_contact_id,
            Order.brand_id: wanted.brand_id,
            Order.account_contact_id: wanted.account_contact_id,
        }
    )
    conditions.extend(wanted.beside)
    if wanted.brand is not None:
        conditions.append(Order.brand_id.in_(sa.select(Brand.id).where(Brand.key == wanted.brand)))
    if wanted.place:
        conditions.append(Order.address_id.in_(sa.select(Address.id).where(at_place(wanted.place))))
    return conditions


def at_place(place: str) -> sa.ColumnElement[bool]:
    """Return the SQL condition for addresses whose postcode or town begins with `place`, ignoring case."""
    code, city = (sa.func.lower(column) for column in (sa.func.replace(Address.postal_code, " ", ""), Address.city))
    begins = code.startswith(place.lower().replace(" ", ""), autoescape=True)
    return sa.or_(begins, city.startswith(place.lower(), autoescape=True))


def orders_called(reference: str) -> sa.Select[uuid.UUID]:
    """Return the query that selects the ids of orders with this reference of another party, such as a partner's number or a
    purchase order number. Case is ignored."""
    other = aliased(Order)
    values = sa.func.reference_values(other.external_references, type_=ARRAY(sa.Text))
    return sa.select(other.id).where(values.contains([reference.strip().upper()]))


def _completed(session: Session, rows: Sequence[sa.Row[*tuple[Any, ...]]], *, with_threads: bool) -> list[OrderRow]:
    ids = [row.Order.id for row in rows]
    lines, threads = _lines_of(session, ids), _threads_of(session, ids if with_threads else ())
    return [_row(row, tuple(lines[row.Order.id]), tuple(threads[row.Order.id])) for row in rows]


def _lines_of(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[LineRow]]:
    found: dict[uuid.UUID, list[LineRow]] = defaultdict(list)
    query = sa.select(LineItem, Article).outerjoin(Article, Article.id == LineItem.article_id)
    query = query.where(LineItem.order_id.in_(order_ids)).order_by(LineItem.order_id, LineItem.position)
    for item, article in session.execute(query) if order_ids else ():
        found[item.order_id].append(LineRow(item, article))
    return found


def _threads_of(session: Session, order_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    query = sa.select(OrderThread).where(OrderThread.order_id.in_(order_ids)).order_by(OrderThread.linked_at)
    for link in session.execute(query).scalars() if order_ids else ():
        found[link.order_id].append(link.thread_id)
    return found


def _row(row: sa.Row[*tuple[Any, ...]], lines: tuple[LineRow, ...], thread_ids: tuple[uuid.UUID, ...]) -> OrderRow:
    return OrderRow(
        order=row.Order,
        brand_key=row.key,
        brand_name=row.name,
        brand_hue=row.hue,
        customer_name=row.customer_name,
        address=row.Address,
        creator_name=row.creator_name or "",
        lines=lines,
        thread_ids=thread_ids,
    )
