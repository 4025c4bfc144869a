"""Read partners, their keys, orders, calls, reports and callbacks, limited to the brands a viewer sees."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.keyset import Place, Sort, cut, paged
from app.core.paging import Page
from app.domain.accounts.models import Brand, User
from app.domain.appointments.models import Appointment, AppointmentKind, AppointmentState
from app.domain.contacts.models import Contact
from app.domain.orders.models import Article, Order
from app.domain.partners.models import (
    Environment,
    Partner,
    PartnerCall,
    PartnerKey,
    PartnerOrder,
    PartnerProduct,
    PartnerReport,
)
from app.domain.webhooks.models import EndpointKind, WebhookDelivery, WebhookEndpoint, WebhookMessage

NEWEST = Sort("created_at", descending=True)
IN_ORDER_OF_CHANGE = Sort("updated_at", descending=False)


class PartnerMissing(Exception):
    """Raised when the partner does not exist, or the viewer may not see it."""


class PartnerKeyMissing(Exception):
    """Raised when the partner has no such key."""


@dataclass(frozen=True)
class PartnerRow:
    """A partner as shown in lists. `orders`: the number of live orders in the last 30 days.

    `open_skus`: the number of live orders with a product number that has no article.
    """

    partner: Partner
    brand_name: str
    brand_hue: int
    contact_name: str
    orders: int
    open_skus: int
    last_call_at: datetime | None


def list_partner_names(session: Session, *, brand_ids: Collection[uuid.UUID]) -> list[tuple[uuid.UUID, str]]:
    """List (contact id, name) of each partner of these brands, by name. One query."""
    query = sa.select(Partner.contact_id, Partner.name).where(Partner.brand_id.in_(brand_ids))
    return [(row.contact_id, row.name) for row in session.execute(query.order_by(sa.func.lower(Partner.name), Partner.id))]


def list_partners(session: Session, *, brand_ids: Collection[uuid.UUID], now: datetime) -> list[PartnerRow]:
    """List the partners of these brands by name. One query."""
    mine = PartnerOrder.partner_id == Partner.id
    live = sa.and_(mine, PartnerOrder.environment == Environment.LIVE)
    recent = sa.select(sa.func.count()).where(live, PartnerOrder.created_at > now - timedelta(days=30))
    waiting = sa.select(sa.func.count()).where(live, sa.func.cardinality(PartnerOrder.unmapped_skus) > 0)
    last = sa.select(sa.func.max(PartnerCall.called_at)).where(PartnerCall.partner_id == Partner.id)
    query = sa.select(
        Partner,
        Brand.name.label("brand_name"),
        Brand.hue,
        Contact.name.label("contact_name"),
        recent.scalar_subquery().label("orders"),
        waiting.scalar_subquery().label("open_skus"),
        last.scalar_subquery().label("last_call_at"),
    )
    query = query.join(Brand, Brand.id == Partner.brand_id).join(Contact, Contact.id == Partner.contact_id)
    rows = session.execute(query.where(Partner.brand_id.in_(brand_ids)).order_by(sa.func.lower(Partner.name), Partner.id))
    return [
        PartnerRow(row.Partner, row.brand_name, row.hue, row.contact_name, row.orders, row.open_skus, row.last_call_at)
        for row in rows
    ]


def get_partner(session: Session, partner_id: uuid.UUID, *, brand_ids: Collection[uuid.UUID], lock: bool = False) -> Partner:
    """Return a partner of these brands. With `lock`, its row is locked for an update. Raises `PartnerMissing`."""
    query = sa.select(Partner).where(Partner.id == partner_id, Partner.brand_id.in_(brand_ids))
    query = query.with_for_update() if lock else query
    partner = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if partner is None:
        raise PartnerMissing(str(partner_id))
    return partner


def find_partner(session: Session, name: str) -> Partner | None:
    """Return the partner whose slug or id is `name`. Return None if there is none."""
    query = sa.select(Partner).where(sa.or_(Partner.slug == name.lower(), sa.cast(Partner.id, sa.Text) == name.lower()))
    return session.execute(query).scalar_one_or_none()


def list_keys(session: Session, partner_id: uuid.UUID) -> list[PartnerKey]:
    """List the keys of a partner, the newest first. Revoked keys come last."""
    query = sa.select(PartnerKey).where(PartnerKey.partner_id == partner_id)
    query = query.order_by(PartnerKey.revoked_at.is_not(None), PartnerKey.created_at.desc(), PartnerKey.id.desc())
    return list(session.execute(query.execution_options(populate_existing=True)).scalars())


def get_key(session: Session, partner_id: uuid.UUID, key_id: uuid.UUID) -> PartnerKey:
    """Return a key of the partner and lock its row for an update. Raises `PartnerKeyMissing`."""
    query = sa.select(PartnerKey).where(PartnerKey.id == key_id, PartnerKey.partner_id == partner_id).with_for_update()
    key = session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
    if key is None:
        raise PartnerKeyMissing(str(key_id))
    return key


def find_partner_order(
    session: Session, *, partner_id: uuid.UUID, environment: Environment, partner_order_id: str
) -> PartnerOrder | None:
    """Return the order with this number of the partner (`partner_order_id`). Return None if there is none."""
    asked = {"of_partner": partner_id, "environment": environment, "partner_order_id": partner_order_id}
    return session.execute(_PARTNER_ORDER, asked).scalar_one_or_none()


_PARTNER_ORDER = (
    sa.select(PartnerOrder)
    .where(
        PartnerOrder.partner_id == sa.bindparam("of_partner"),
        PartnerOrder.environment == sa.bindparam("environment"),
        PartnerOrder.partner_order_id == sa.bindparam("partner_order_id"),
    )
    .execution_options(populate_existing=True)
)


def list_changed_orders(
    session: Session,
    *,
    partner_id: uuid.UUID,
    environment: Environment,
    updated_since: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page[PartnerOrder]:
    """List a partner's orders by the time of their last change, the oldest first, so that a later call can continue at the end.

    Raises `BadCursor`.
    """
    query = sa.select(PartnerOrder).where(PartnerOrder.partner_id == partner_id, PartnerOrder.environment == environment)
    if updated_since is not None:
        query = query.where(PartnerOrder.updated_at >= updated_since)
    query = paged(query, IN_ORDER_OF_CHANGE, PartnerOrder.updated_at, PartnerOrder.id, cursor=cursor, limit=limit)
    rows = session.execute(query.execution_options(populate_existing=True)).scalars().all()
    return cut(rows, limit, IN_ORDER_OF_CHANGE, lambda row: Place(row.updated_at, row.id))


def list_orders_of_partner(
    session: Session,
    partner_id: uuid.UUID,
    *,
    environment: Environment,
    cursor: str | None = None,
    limit: int = 20,
    under: uuid.UUID | None = None,
    text: str = "",
) -> Page[PartnerOrder]:
    """List a partner's orders, the newest first. Raises `BadCursor`.

    `under`: list only orders through this organization. `text`: part of an order number or of the customer's name.
    """
    query = sa.select(PartnerOrder).where(*_orders_of(partner_id, under), PartnerOrder.environment == environment)
    if text:
        named = (PartnerOrder.partner_order_id, PartnerOrder.order_number, PartnerOrder.customer_name)
        query = query.where(sa.or_(*(column.icontains(text, autoescape=True) for column in named)))
    query = paged(query, NEWEST, PartnerOrder.created_at, PartnerOrder.id, cursor=cursor, limit=limit)
    rows = session.execute(query.execution_options(populate_existing=True)).scalars().all()
    return cut(rows, limit, NEWEST, lambda row: Place(row.created_at, row.id))


def find_order_row(
    session: Session, partner_id: uuid.UUID, row_id: uuid.UUID, *, under: uuid.UUID | None = None, lock: bool = False
) -> PartnerOrder | None:
    """Return one of the partner's orders, or None if there is none. With `under`, only an order through this organization is
    found.

    With `lock`, its row is locked for an update.
    """
    query = sa.select(PartnerOrder).where(*_orders_of(partner_id, under), PartnerOrder.id == row_id)
    query = query.with_for_update() if lock else query
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def _orders_of(partner_id: uuid.UUID, under: uuid.UUID | None) -> list[sa.ColumnElement[bool]]:
    found = [PartnerOrder.partner_id == partner_id]
    if under is not None:
        through = sa.select(Order.id).where(Order.channel_contact_ids.contains([under]))
        found.append(PartnerOrder.order_id.in_(through))
    return found


def list_calls(session: Session, partner_id: uuid.UUID, *, failed: bool = False, limit: int = 50) -> list[PartnerCall]:
    """List the API calls of a partner, the newest first. With `failed`, only calls with a response status of 400 or more."""
    query = sa.select(PartnerCall).where(PartnerCall.partner_id == partner_id)
    query = query.where(PartnerCall.status >= 400) if failed else query
    query = query.order_by(PartnerCall.called_at.desc(), PartnerCall.id.desc()).limit(limit)
    return list(session.execute(query).scalars())


@dataclass(frozen=True)
class ProductRow:
    product: PartnerProduct
    article: Article


def list_products(session: Session, partner_id: uuid.UUID) -> list[ProductRow]:
    """List the product mappings of a partner by product number. For the same number, the newest period comes first."""
    query = sa.select(PartnerProduct, Article).join(Article, Article.id == PartnerProduct.article_id)
    query = query.where(PartnerProduct.partner_id == partner_id)
    rows = session.execute(query.order_by(PartnerProduct.partner_sku, PartnerProduct.valid_from.desc(), PartnerProduct.id))
    return [ProductRow(product, article) for product, article in rows]


def list_open_skus(session: Session, partner_id: uuid.UUID) -> list[str]:
    """List the product numbers in the partner's live orders that have no article, sorted and each once."""
    every = sa.func.unnest(PartnerOrder.unmapped_skus).label("sku")
    query = sa.select(every).where(PartnerOrder.partner_id == partner_id, PartnerOrder.environment == Environment.LIVE)
    return sorted(set(session.execute(query.distinct()).scalars()))


@dataclass(frozen=True)
class Visit:
    """The next visit of an order: its date in the time zone of the visit, and the name of the technician ("" if nobody is
    chosen yet)."""

    day: date
    technician: str


def find_visit(session: Session, order_id: uuid.UUID) -> Visit | None:
    """Return the first planned visit of the order. Return None if there is none."""
    query = sa.select(Appointment, User.name).outerjoin(User, User.id == Appointment.technician_user_id)
    query = query.where(Appointment.order_id == order_id, Appointment.kind == AppointmentKind.VISIT)
    query = query.where(Appointment.state == AppointmentState.PLANNED).order_by(Appointment.starts_at, Appointment.id).limit(1)
    row = session.execute(query).one_or_none()
    if row is None:
        return None
    appointment, name = row
    return Visit(appointment.starts_at.astimezone(ZoneInfo(appointment.zone)).date(), name or "")


def list_reports(
    session: Session, partner_id: uuid.UUID, *, limit: int = 20, order_row_id: uuid.UUID | None = None
) -> list[tuple[PartnerReport, PartnerOrder]]:
    """List the partner's reports about order states with their orders, the newest first. `order_row_id`: only reports about
    this order."""
    query = sa.select(PartnerReport, PartnerOrder).join(PartnerOrder, PartnerOrder.id == PartnerReport.partner_order_row_id)
    query = query.where(PartnerReport.partner_id == partner_id)
    if order_row_id is not None:
        query = query.where(PartnerOrder.id == order_row_id)
    rows = session.execute(query.order_by(PartnerReport.created_at.desc(), PartnerReport.id.desc()).limit(limit))
    return [(report, order) for report, order in rows]


def list_endpoints_of_partner(session: Session, partner_id: uuid.UUID, *, is_test: bool) -> list[WebhookEndpoint]:
    """List the partner's callback endpoints, for sandbox orders if `is_test`, else for live ones."""
    return list(session.execute(_ENDPOINTS, {"of_partner": partner_id, "is_test": is_test}).scalars())


_ENDPOINTS = (
    sa.select(WebhookEndpoint)
    .where(
        WebhookEndpoint.kind == EndpointKind.PARTNER,
        WebhookEndpoint.owner_id == sa.bindparam("of_partner"),
        WebhookEndpoint.is_test == sa.bindparam("is_test"),
        WebhookEndpoint.deleted_at.is_(None),
    )
    .order_by(WebhookEndpoint.id)
    .execution_options(populate_existing=True)
)


@dataclass(frozen=True)
class CallbackRow:
    """A callback message to a partner. `delivery` is None if no endpoint subscribes to this event; the message then says why."""

    message: WebhookMessage
    delivery: WebhookDelivery | None


def list_callbacks(
    session: Session, partner_id: uuid.UUID, *, limit: int = 20, order_row_id: uuid.UUID | None = None
) -> list[CallbackRow]:
    """List the callbacks to a partner, the newest first. `order_row_id`: only callbacks about this order."""
    query = sa.select(WebhookMessage, WebhookDelivery)
    query = query.outerjoin(WebhookDelivery, WebhookDelivery.message_id == WebhookMessage.id)
    query = query.where(WebhookMessage.owner_id == partner_id).order_by(
        WebhookMessage.created_at.desc(), WebhookMessage.id.desc()
    )
    if order_row_id is not None:
        query = query.where(WebhookMessage.ordering_key == ordering_key(order_row_id))
    rows = session.execute(query.limit(limit).execution_options(populate_existing=True))
    return [CallbackRow(message, delivery) for message, delivery in rows]


def ordering_key(order_row_id: uuid.UUID) -> str:
    """Return the ordering key of an order. Callbacks with the same key are delivered in their sequence."""
    return f"partner order:{order_row_id}"


def find_callback(session: Session, partner_id: uuid.UUID, delivery_id: uuid.UUID) -> WebhookDelivery | None:
    """Return one delivery of a callback to this partner. Return None if there is none."""
    query = sa.select(WebhookDelivery).join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
    query = query.where(WebhookDelivery.id == delivery_id, WebhookMessage.owner_id == partner_id)
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()
