"""Create many imported orders with few SQL statements. No handlers react to them. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.insert_many import insert_many
from app.domain.addresses.actions import add_addresses
from app.domain.addresses.models import AddressType
from app.domain.events.actions import Actor, Subject, record_quietly
from app.domain.orders.actions import NewOrder, make_lines, names_of
from app.domain.orders.article_prices import day_in, prices_on
from app.domain.orders.articles import find_articles
from app.domain.orders.machines import ORDER
from app.domain.orders.models import LineItem, Order, OrderSettings, OrderTaxTotal
from app.domain.orders.numbers import take_order_numbers
from app.domain.orders.settings import settings_of
from app.domain.orders.totals import PricedLine, Totals, order_totals
from app.domain.transitions.actions import record_creations

EVENT = "OrderImported"
_LINE = (
    "id", "order_id", "position", "article_id", "description", "quantity", "unit_price", "discount_amount",
    "order_discount_share", "tax_code", "status", "external_item_reference",
)  # fmt: skip


def create_orders(
    session: Session, brand_id: uuid.UUID, news: Sequence[NewOrder], *, now: datetime, actor: Actor, told: dict[str, Any]
) -> list[tuple[uuid.UUID, str]]:
    """Create orders of one brand in the brand's currency. Return (order id, order number) for each, in the sequence of `news`.

    `told` is added to the history of each order. The caller has made sure that no order has one of the `source_key` values.
    Raises `TooMuchDiscount`, and `ValueError` for a status with which no order may begin.
    """
    if not news:
        return []
    money = settings_of(session, brand_id)
    priced = _priced(session, brand_id, news, money, now=now)
    wanted = [(new.address, new.customer_contact_id) for new in news]
    places = add_addresses(session, wanted, address_type=AddressType.INSTALLATION, now=now)
    numbers = take_order_numbers(session, brand_id, len(news), now=now)
    orders, lines, taxes = [], [], []
    for new, (order_id, items, totals), address_id, number in zip(news, priced, places, numbers, strict=True):
        columns = {"id": order_id, "order_number": number, "address_id": address_id}
        orders.append({**columns, **_columns(new, totals, money), "created_at": now, "updated_at": now, "version": 1})
        orders[-1]["created_by_user_id"] = actor.user_id
        lines += [{name: getattr(item, name) for name in _LINE} for item in items]
        taxes += [{"order_id": order_id, **vars(row)} for row in totals.taxes]
    for model, rows in ((Order, orders), (LineItem, lines), (OrderTaxTotal, taxes)):
        insert_many(session, model, rows)
    made = [(order["id"], order["order_number"]) for order in orders]
    statuses = [(order["id"], order["status"]) for order in orders]
    record_creations(session, ORDER, statuses, now=now, actor=actor, business_context=told)
    payloads = [(Subject(brand_id=brand_id), {"order_id": str(one), "order_number": number, **told}) for one, number in made]
    record_quietly(session, EVENT, payloads, now=now, actor=actor)
    return made


def _priced(
    session: Session, brand_id: uuid.UUID, news: Sequence[NewOrder], money: OrderSettings, *, now: datetime
) -> list[tuple[uuid.UUID, list[LineItem], Totals]]:
    names = [name for new in news for name in names_of(new.lines)]
    articles = find_articles(session, brand_id=brand_id, names=names)
    prices = prices_on(session, articles.values(), day_in(money.zone, now))
    found = []
    for new in news:
        order_id = new_id()
        lines = make_lines(order_id, new, articles, prices, money.tax_code)
        priced = [PricedLine(line.quantity, line.unit_price, line.tax_code, line.discount_amount) for line in lines]
        totals = order_totals(priced, prices_include_tax=_includes_tax(new, money), discount=new.discount)
        for line, share in zip(lines, totals.shares, strict=True):
            line.order_discount_share = share
        found.append((order_id, lines, totals))
    return found


def _columns(new: NewOrder, totals: Totals, money: OrderSettings) -> dict[str, Any]:
    names = ("brand_id", "order_type", "status", "priority", "customer_contact_id", "account_contact_id", "source", "source_key")
    return {
        **{name: getattr(new, name) for name in (*names, "source_owner_id", "notes", "external_references")},
        "channel_contact_ids": list(new.channel_contact_ids),
        "currency": new.currency or money.currency,
        "prices_include_tax": _includes_tax(new, money),
        "discount_amount": new.discount,
        "net_total": totals.net,
        "tax_total": totals.tax,
        "gross_total": totals.gross,
    }


def _includes_tax(new: NewOrder, money: OrderSettings) -> bool:
    return money.prices_include_tax if new.prices_include_tax is None else new.prices_include_tax
