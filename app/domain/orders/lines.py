"""Add, change and remove lines of an order, and set its discount. Each change can be undone.

The caller owns the transaction. Totals and event are written together with the change.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import mark as N_
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.orders.actions import lock_order, record_of_order, touch
from app.domain.orders.article_prices import day_in, prices_on
from app.domain.orders.articles import find_articles
from app.domain.orders.machines import follow
from app.domain.orders.models import ENDED, LineItem, LineItemStatus, Order
from app.domain.orders.pricing import recompute_totals
from app.domain.orders.settings import settings_of

ENDED_ORDER = N_("The order is completed or cancelled; reopen it to change it.")
CHANGED_SINCE = N_("The line has since changed; you cannot undo this.")
INSTALLED = N_("You cannot remove a line whose article is already installed.")
_EDITED = ("description", "quantity", "unit_price", "discount_amount", "tax_code")


class UnableToEdit(Exception):
    """Raised when the line cannot be changed now. The message gives the reason in English."""


@dataclass(frozen=True)
class LineContent:
    """The content of a line as users enter it. `article`: the number or name of an article, "" to find it by `description`.

    `discount`: an amount that is subtracted from the total of the line. If `tax_code` is "", the article's tax code is used,
    or the brand's if the article has none.
    """

    description: str
    quantity: Decimal
    unit_price: Decimal | None
    discount: Decimal = Decimal(0)
    tax_code: str = ""
    article: str = ""


def add_line(session: Session, order_id: uuid.UUID, content: LineContent, *, now: datetime, actor: Actor) -> Event:
    """Add a line at the end of an order, and return the event. If `content` has no price, the article's price is used.

    Raises `UnableToEdit` if the order has ended, and `TooMuchDiscount`.
    """
    order = _lock_open(session, order_id)
    called = content.article or content.description
    article = find_articles(session, brand_id=order.brand_id, names=[called]).get(called.casefold())
    money = settings_of(session, order.brand_id)
    prices = prices_on(session, [article] if article else [], day_in(money.zone, now))
    last = session.execute(sa.select(sa.func.max(LineItem.position)).where(LineItem.order_id == order.id)).scalar_one()
    line = LineItem(
        id=new_id(),
        order_id=order.id,
        position=(last or 0) + 1,
        article_id=article.id if article else None,
        description=content.description or (article.name if article else called),
        quantity=content.quantity,
        unit_price=prices.get(article.id, article.unit_price) if article and content.unit_price is None else content.unit_price,
        discount_amount=content.discount,
        tax_code=content.tax_code or (article.tax_code if article else None) or money.tax_code,
        status=follow(LineItemStatus.QUOTED, order.status),
    )
    session.add(line)
    return _changed(session, order, line.id, None, _kept(line), now=now, actor=actor)


def edit_line(session: Session, line_id: uuid.UUID, columns: dict[str, Any], *, now: datetime, actor: Actor) -> Event | None:
    """Change values of a line. `columns` may have description, quantity, unit_price, discount_amount and tax_code.

    Return the event, or None if no value differs. Raises `UnableToEdit` if the order has ended, and `TooMuchDiscount`.
    """
    order, line = _lock_line(session, line_id)
    before = _kept(line)
    for name in _EDITED:
        if name in columns:
            setattr(line, name, columns[name])
    session.flush()
    session.refresh(line)
    after = _kept(line)
    return None if after == before else _changed(session, order, line.id, before, after, now=now, actor=actor)


def remove_line(session: Session, line_id: uuid.UUID, *, now: datetime, actor: Actor) -> Event:
    """Remove a line from its order, and return the event. Raises `UnableToEdit` if the order has ended or the line is
    installed."""
    order, line = _lock_line(session, line_id)
    if line.status is LineItemStatus.INSTALLED:
        raise UnableToEdit(INSTALLED)
    before = _kept(line)
    session.delete(line)
    return _changed(session, order, line_id, before, None, now=now, actor=actor)


def set_discount(session: Session, order_id: uuid.UUID, amount: Decimal, *, now: datetime, actor: Actor) -> Event | None:
    """Set the amount that is subtracted from the total of the whole order. Return the event, or None if the amount is the same.

    Raises `UnableToEdit` if the order has ended, and `TooMuchDiscount`.
    """
    order = _lock_open(session, order_id)
    before = order.discount_amount
    if before == amount:
        return None
    order.discount_amount = amount
    return _changed(session, order, None, {"discount": str(before)}, {"discount": str(amount)}, now=now, actor=actor)


def undo_change(session: Session, event: Event, *, now: datetime, actor: Actor) -> Event:
    """Undo the change of a line or of the discount that an `OrderLinesChanged` event describes. Return the new event.

    Raises `UnableToEdit` if the order has ended, or if the line or discount has changed since.
    """
    order = _lock_open(session, uuid.UUID(event.payload["order_id"]))
    before, after, line_id = event.payload["before"], event.payload["after"], event.payload["line_item_id"]
    if line_id is None:
        if order.discount_amount != Decimal(after["discount"]):
            raise UnableToEdit(CHANGED_SINCE)
        order.discount_amount = Decimal(before["discount"])
        return _changed(session, order, None, after, before, now=now, actor=actor, undoes=event.id)
    line = session.get(LineItem, uuid.UUID(line_id), populate_existing=True)
    if (None if line is None else _kept(line)) != after:
        raise UnableToEdit(CHANGED_SINCE)
    if line is None:
        session.add(LineItem(id=uuid.UUID(line_id), order_id=order.id, **_read(before)))
    elif before is None:
        session.delete(line)
    else:
        for name, value in _read(before).items():
            setattr(line, name, value)
    return _changed(session, order, uuid.UUID(line_id), after, before, now=now, actor=actor, undoes=event.id)


def _lock_open(session: Session, order_id: uuid.UUID) -> Order:
    order = lock_order(session, order_id)
    if order.status in ENDED:
        raise UnableToEdit(ENDED_ORDER)
    return order


def _lock_line(session: Session, line_id: uuid.UUID) -> tuple[Order, LineItem]:
    order = _lock_open(session, session.execute(sa.select(LineItem.order_id).where(LineItem.id == line_id)).scalar_one())
    return order, session.get_one(LineItem, line_id, populate_existing=True)


def _changed(
    session: Session,
    order: Order,
    line_id: uuid.UUID | None,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    *,
    now: datetime,
    actor: Actor,
    undoes: uuid.UUID | None = None,
) -> Event:
    recompute_totals(session, order)
    touch(session, order, now)
    payload = {
        "line_item_id": str(line_id) if line_id else None,
        "before": before,
        "after": after,
        "gross_total": None if order.gross_total is None else str(order.gross_total),
        "undoes": str(undoes) if undoes else None,
    }
    return record_of_order(session, "OrderLinesChanged", order, now=now, actor=actor, payload=payload)


def _kept(line: LineItem) -> dict[str, Any]:
    """Return a line as JSON in the form in which events store it. Numbers are text, so that they do not become floats."""
    return {
        "position": line.position,
        "article_id": str(line.article_id) if line.article_id else None,
        "description": line.description,
        "quantity": _plain(line.quantity),
        "unit_price": None if line.unit_price is None else _plain(line.unit_price),
        "discount_amount": _plain(line.discount_amount),
        "tax_code": line.tax_code,
        "status": line.status.value,
        "external_item_reference": line.external_item_reference or "",
    }


def _read(kept: dict[str, Any]) -> dict[str, Any]:
    numbers = {
        name: None if kept[name] is None else Decimal(kept[name]) for name in ("quantity", "unit_price", "discount_amount")
    }
    article = {"article_id": uuid.UUID(kept["article_id"]) if kept["article_id"] else None}
    return {**kept, **numbers, **article, "status": LineItemStatus(kept["status"])}


def _plain(number: Decimal) -> str:
    return f"{number.normalize():f}"
