"""Create orders, change their status, priority and notes, and link them with threads. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.contract.address_parts import AddressParts
from app.core.db import advisory_xact_lock
from app.core.ids import new_id
from app.domain.addresses.actions import add_address
from app.domain.addresses.models import AddressType
from app.domain.events.actions import Actor, Subject, record
from app.domain.events.models import Event
from app.domain.orders.article_prices import day_in, prices_on
from app.domain.orders.articles import find_articles
from app.domain.orders.machines import ORDER, follow
from app.domain.orders.models import (
    Article,
    LineItem,
    LineItemStatus,
    Order,
    OrderPriority,
    OrderSettings,
    OrderSource,
    OrderStatus,
    OrderThread,
)
from app.domain.orders.numbers import take_order_number
from app.domain.orders.pricing import first_totals
from app.domain.orders.settings import settings_of
from app.domain.transitions.actions import change_entity_status, record_creation

_UNNUMBERED = "~"  # what stands before an id where a number will be; nobody else ever sees it


@dataclass(frozen=True)
class NewLine:
    """A line of a new order. `article`: the number or name of an article, which may be unknown to us. If `unit_price` is None,
    the article's price is used.

    `discount`: an amount that is subtracted from the total of the line. If `tax_code` is "", the article's tax code is used,
    or the brand's if the article has none.
    """

    description: str
    quantity: Decimal = Decimal(1)
    article: str = ""
    unit_price: Decimal | None = None
    external_item_reference: str = ""
    status: LineItemStatus = LineItemStatus.QUOTED
    discount: Decimal = Decimal(0)
    tax_code: str = ""


@dataclass(frozen=True)
class NewOrder:
    """An order that is to be created. The caller has checked brand and contacts.

    `source_key`: the sender's own number for the order; if it comes again, the first order is returned. `source_owner_id`:
    the partner or integration that sent it, if each of them has its own numbers. `is_known_new`: the caller has made sure,
    under its own lock, that `source_key` is new. `thread_id`: the thread from which the order comes. If `currency` is "" or
    `prices_include_tax` is None, the brand's setting is used. `articles`: {case-folded number: article} for articles of the
    lines that were found already.
    """

    brand_id: uuid.UUID
    customer_contact_id: uuid.UUID
    source: OrderSource
    source_key: str | None = None
    status: OrderStatus = OrderStatus.NEW
    order_type: str = "installation"
    priority: OrderPriority = OrderPriority.NORMAL
    address: AddressParts | None = None
    lines: Sequence[NewLine] = ()
    notes: str = ""
    account_contact_id: uuid.UUID | None = None
    channel_contact_ids: Sequence[uuid.UUID] = ()
    external_references: dict[str, Any] = field(default_factory=dict)
    thread_id: uuid.UUID | None = None
    source_owner_id: uuid.UUID | None = None
    currency: str = ""
    prices_include_tax: bool | None = None
    discount: Decimal = Decimal(0)
    articles: Mapping[str, Article] = field(default_factory=dict)
    is_known_new: bool = False


def create_order(session: Session, new: NewOrder, *, now: datetime, actor: Actor) -> Order:
    """Create an order with its address and lines, and with the next number of its brand. If an order with its `source_key`
    exists, return that order instead."""
    order = begin_order(session, new, now=now, actor=actor)
    return number_order(session, order, now=now, actor=actor, thread_id=new.thread_id)


def begin_order(session: Session, new: NewOrder, *, now: datetime, actor: Actor) -> Order:
    """Create an order without a number and without the event `OrderCreated`. The caller calls `number_order` in the same
    transaction.

    If an order with the same `source_key` exists, it is returned instead. The number is taken last, so that other
    transactions do not wait for the brand's next number while this one works.
    """
    known = None if new.is_known_new else find_by_source_key(session, new)
    if known is not None:
        return known
    money = settings_of(session, new.brand_id)
    order_id = new_id()
    order = Order(
        id=order_id,
        order_number=f"{_UNNUMBERED}{order_id}",
        brand_id=new.brand_id,
        order_type=new.order_type,
        status=new.status,
        priority=new.priority,
        customer_contact_id=new.customer_contact_id,
        account_contact_id=new.account_contact_id,
        channel_contact_ids=list(new.channel_contact_ids),
        address_id=_keep_address(session, new, now),
        source=new.source,
        source_key=new.source_key,
        source_owner_id=new.source_owner_id,
        currency=new.currency or money.currency,
        prices_include_tax=money.prices_include_tax if new.prices_include_tax is None else new.prices_include_tax,
        discount_amount=new.discount,
        notes=new.notes,
        external_references=new.external_references,
        created_by_user_id=actor.user_id,
        created_at=now,
        updated_at=now,
        version=1,
    )
    lines = _lines(session, order, new, money, now=now)
    first_totals(session, order, lines)
    if new.thread_id is not None:
        link_thread(session, order, new.thread_id, now=now)
    record_creation(session, ORDER, order.id, order.status, now=now, actor=actor)
    return order


def number_order(session: Session, order: Order, *, now: datetime, actor: Actor, thread_id: uuid.UUID | None = None) -> Order:
    """Give an order from `begin_order` its number, and record `OrderCreated`. If the order has a number already, nothing
    changes.

    From now until the end of this transaction, other transactions wait for the brand's next number. `thread_id`: the order's
    thread, if the caller knows it.
    """
    if not order.order_number.startswith(_UNNUMBERED):
        return order
    order.order_number = take_order_number(session, order.brand_id, now=now)
    session.flush()
    told = {"status": order.status.value, "priority": order.priority.value}
    record_of_order(session, "OrderCreated", order, now=now, actor=actor, payload=told, thread_id=thread_id)
    return order


def find_by_source_key(session: Session, new: NewOrder) -> Order | None:
    """Return the order with the `source_key` of `new`. Return None if there is none. The key stays locked until the transaction
    ends."""
    if new.source_key is None:
        return None
    advisory_xact_lock(session, f"order:{new.source.value}:{new.source_owner_id or ''}:{new.source_key}")
    same = sa.and_(Order.source == new.source, Order.source_key == new.source_key)
    same = sa.and_(same, Order.source_owner_id.is_not_distinct_from(new.source_owner_id))
    return session.execute(sa.select(Order).where(same)).scalar_one_or_none()


def set_order_status(
    session: Session,
    order_id: uuid.UUID,
    status: OrderStatus,
    *,
    reason: str = "",
    reason_code: str = "",
    now: datetime,
    actor: Actor,
    business_context: dict[str, Any] | None = None,
) -> Order:
    """Change the status of an order, and return the order. If the order has this status already, nothing changes.

    Raises `TransitionRefused` if the change is not allowed.
    """
    change_entity_status(
        session,
        entity_type=ORDER,
        entity_id=order_id,
        to_status=status,
        transition_reason=reason,
        reason_code=reason_code,
        business_context=business_context,
        now=now,
        actor=actor,
    )
    return lock_order(session, order_id)


def set_order_priority(session: Session, order_id: uuid.UUID, priority: OrderPriority, *, now: datetime, actor: Actor) -> Order:
    """Set the priority of an order, and return the order. If the order has this priority already, nothing changes."""
    order = lock_order(session, order_id)
    former = order.priority
    if priority != former:
        order.priority = priority
        touch(session, order, now)
        payload = {"priority": priority.value, "former_priority": former.value}
        record_of_order(session, "OrderPriorityChanged", order, now=now, actor=actor, payload=payload)
    return order


def edit_order(session: Session, order_id: uuid.UUID, columns: dict[str, Any], *, now: datetime, actor: Actor) -> Order:
    """Set notes or references of an order, and return the order. `columns`: {column name: new value}. Values that are equal to
    the stored ones change nothing."""
    order = lock_order(session, order_id)
    changed = sorted(name for name, value in columns.items() if getattr(order, name) != value)
    for name in changed:
        setattr(order, name, columns[name])
    if changed:
        touch(session, order, now)
        record_of_order(session, "OrderChanged", order, now=now, actor=actor, payload={"fields": changed})
    return order


def link_thread(session: Session, order: Order, thread_id: uuid.UUID, *, now: datetime) -> bool:
    """Link a thread with the order. Return False if they were linked already. The caller has checked that both belong to one
    brand."""
    link = postgresql.insert(OrderThread).values(order_id=order.id, thread_id=thread_id, linked_at=now)
    return session.execute(link.on_conflict_do_nothing().returning(OrderThread.order_id)).first() is not None


def lock_order(session: Session, order_id: uuid.UUID) -> Order:
    """Return the order, locked until the transaction ends."""
    query = sa.select(Order).where(Order.id == order_id).with_for_update().execution_options(populate_existing=True)
    return session.execute(query).scalar_one()


def _keep_address(session: Session, new: NewOrder, now: datetime) -> uuid.UUID | None:
    if new.address is None or not new.address.typed:
        return None
    contact_id = new.customer_contact_id
    return add_address(session, new.address, address_type=AddressType.INSTALLATION, contact_id=contact_id, now=now).id


def _lines(session: Session, order: Order, new: NewOrder, money: OrderSettings, *, now: datetime) -> list[LineItem]:
    unknown = [name for name in names_of(new.lines) if name.casefold() not in new.articles]
    articles = {**find_articles(session, brand_id=new.brand_id, names=unknown), **new.articles}
    prices = prices_on(session, articles.values(), day_in(money.zone, now))
    return make_lines(order.id, new, articles, prices, money.tax_code)


def names_of(lines: Sequence[NewLine]) -> list[str]:
    """Return for each line the text by which its article is looked up: `article`, or `description` if `article` is empty."""
    return [line.article or line.description for line in lines]


def make_lines(
    order_id: uuid.UUID, new: NewOrder, articles: Mapping[str, Article], prices: Mapping[uuid.UUID, Decimal], tax_code: str
) -> list[LineItem]:
    """Return the lines of a new order. `articles`: {case-folded name: article}. `prices`: {article id: price on this day}.
    `tax_code`: the brand's tax code."""
    made = []
    for position, line in enumerate(new.lines, start=1):
        article = articles.get((line.article or line.description).casefold())
        price = line.unit_price if line.unit_price is not None or article is None else prices.get(article.id, article.unit_price)
        made.append(
            LineItem(
                id=new_id(),
                order_id=order_id,
                position=position,
                article_id=article.id if article else None,
                description=line.description or (article.name if article else line.article),
                quantity=line.quantity,
                unit_price=price,
                discount_amount=line.discount,
                tax_code=line.tax_code or (article.tax_code if article else None) or tax_code,
                status=follow(line.status, new.status),
                external_item_reference=line.external_item_reference,
            )
        )
    return made


def touch(session: Session, order: Order, now: datetime) -> None:
    """Raise the order's version and set its `updated_at`."""
    order.updated_at, order.version = now, order.version + 1
    session.flush()


def record_of_order(
    session: Session,
    event: str,
    order: Order,
    *,
    now: datetime,
    actor: Actor,
    payload: dict[str, Any],
    thread_id: uuid.UUID | None = None,
) -> Event:
    """Record an event of an order. The event also names the thread that was linked to the order last, so that rules on threads
    can act on it.

    `thread_id`: the id of this thread, if the caller knows it.
    """
    if thread_id is None:
        newest = sa.select(OrderThread.thread_id).where(OrderThread.order_id == order.id)
        newest = newest.order_by(OrderThread.linked_at.desc(), OrderThread.thread_id.desc()).limit(1)
        thread_id = session.execute(newest).scalar_one_or_none()
    subject = Subject(brand_id=order.brand_id, thread_id=thread_id)
    told = {"order_id": str(order.id), "order_number": order.order_number, **payload}
    return record(session, event, subject=subject, now=now, actor=actor, payload=told, about=("order", order.id))


def note_feedback(session: Session, order: Order, *, rating: str, now: datetime, actor: Actor) -> None:
    """Record the event that the customer gave feedback. The text of the feedback is in the thread."""
    record_of_order(session, "FeedbackReceived", order, now=now, actor=actor, payload={"rating": rating})
