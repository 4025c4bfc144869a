"""Queue callbacks that notify a partner about its orders: order received, and each new state.

This runs in the transaction of the change. A callback that is not sent is stored with the reason: there is no endpoint, the
endpoint does not subscribe to the event, or the partner has no word for the state. app/domain/webhooks delivers the
callbacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.contacts.models import Contact
from app.domain.orders.models import Order, OrderStatus
from app.domain.partners.models import Environment, Partner, PartnerOrder
from app.domain.partners.queries import find_visit, list_endpoints_of_partner, ordering_key
from app.domain.partners.status_map import NO_MAPPING, their_word
from app.domain.webhooks.actions import Skip, queue_message, serialize, timestamp
from app.domain.webhooks.models import ANY_EVENT, EndpointKind, WebhookEndpoint

UPDATE, CHANGED = "status_update", "status_changed"  # both shapes of the documents; an endpoint has one of them
VERSIONS = (UPDATE, CHANGED)
CREATED = "order_created"
# The names of the documents for single states, beside those that mean any.
NAMES: Mapping[str, tuple[str, ...]] = {
    OrderStatus.APPROVED.value: ("order_approved", "customer_approved"),
    OrderStatus.SCHEDULED.value: ("visit_scheduled", "installation_scheduled"),
    OrderStatus.COMPLETED.value: ("order_completed", "installation_completed"),
    OrderStatus.CANCELLED.value: ("order_cancelled",),
    OrderStatus.ON_HOLD.value: ("order_on_hold",),
    "quoted": ("quote_sent",),
}
EVENTS = (CREATED, UPDATE, CHANGED, *(name for names in NAMES.values() for name in names))


def tell_received(session: Session, partner: Partner, row: PartnerOrder, *, now: datetime) -> None:
    """Queue the callback `order_created`, which says that we have received the order."""
    _tell(session, partner, row, former="", reason="", now=now, is_new=True)


def tell_status(session: Session, partner: Partner, row: PartnerOrder, *, former: str, reason: str, now: datetime) -> None:
    """Queue the callback for an order's new state. `row` already has the new state and its sequence number. `former` is the
    state before."""
    _tell(session, partner, row, former=former, reason=reason, now=now, is_new=False)


def _tell(
    session: Session, partner: Partner, row: PartnerOrder, *, former: str, reason: str, now: datetime, is_new: bool
) -> None:
    is_test = row.environment == Environment.SANDBOX
    endpoints = list_endpoints_of_partner(session, partner.id, is_test=is_test)
    told = {
        "brand_id": partner.brand_id,
        "owner_id": partner.id,
        "kinds": (EndpointKind.PARTNER,),
        "ordering_key": ordering_key(row.id),
        "about": {"label": row.order_number, "order_id": str(row.order_id) if row.order_id else None},
        "is_test": is_test,
        "now": now,
    }
    key = f"{ordering_key(row.id)}:{row.sequence}"
    for endpoint in endpoints:
        name = CREATED if is_new else _name_for(endpoint, row.order_status)
        body = _body(session, partner, row, endpoint, name, former=former, reason=reason, now=now)
        skip = Skip(NO_MAPPING, {"status": row.order_status}) if not is_new and _has_no_word(partner, row, endpoint) else None
        queue_message(
            session,
            event_type=name,
            payload=serialize(body),
            endpoints=[endpoint],
            dedupe_key=f"{key}:{endpoint.id}",
            render=lambda _endpoint, skip=skip: skip,  # type: ignore[misc]
            **told,  # type: ignore[arg-type]
        )
    if not endpoints:
        name = CREATED if is_new else UPDATE
        body = {"event": name, "partner_order_id": row.partner_order_id, "status": row.order_status}
        queue_message(session, event_type=name, payload=body, endpoints=[], dedupe_key=key, **told)  # type: ignore[arg-type]


def _name_for(endpoint: WebhookEndpoint, status: str) -> str:
    """Return the name of the event for this endpoint. It is the general name if the endpoint subscribes to that, otherwise a
    name for the state to which it subscribes.

    If it subscribes to neither, return the general name.
    """
    general = _version(endpoint)
    if endpoint.hears(general) or ANY_EVENT in endpoint.event_types:
        return general
    return next((name for name in (UPDATE, CHANGED, *NAMES.get(status, ())) if endpoint.hears(name)), general)


def _has_no_word(partner: Partner, row: PartnerOrder, endpoint: WebhookEndpoint) -> bool:
    return _version(endpoint) == CHANGED and their_word(partner.status_mapping, OrderStatus(row.order_status)) is None


def _version(endpoint: WebhookEndpoint) -> str:
    return endpoint.payload_version if endpoint.payload_version in VERSIONS else UPDATE


def _body(
    session: Session,
    partner: Partner,
    row: PartnerOrder,
    endpoint: WebhookEndpoint,
    name: str,
    *,
    former: str,
    reason: str,
    now: datetime,
) -> dict[str, Any]:
    status = OrderStatus(row.order_status)
    word = their_word(partner.status_mapping, status)
    body: dict[str, Any] = {
        "event": name,
        "timestamp": timestamp(now),
        "order_id": row.order_number,
        "partner_order_id": row.partner_order_id,
    }
    if _version(endpoint) == CHANGED:
        body |= {
            "chargecars_order_id": row.order_number,
            "partner_customer_id": row.payload.get("partner_customer_id"),
            "status": word,
            "status_details": {
                "from_status": former or None,
                "to_status": status.value,
                "reason": reason or None,
                "timestamp": timestamp(now),
            },
        }
    else:
        body |= {"status": status.value, "partner_status": word}
    body["sequence"] = row.sequence
    visit = find_visit(session, row.order_id) if row.order_id and former else None  # a new order has none
    if visit is not None:
        body |= {
            "scheduled_date": visit.day.isoformat(),
            "installer": visit.technician or session.get_one(Brand, partner.brand_id).name,
        }
    if row.warnings and former == "":
        body["warnings"] = row.warnings
    if endpoint.includes_customer_data:
        body["customer_info"] = _customer(session, row)
    if row.environment == Environment.SANDBOX:
        body["test"] = True
    return body


def _customer(session: Session, row: PartnerOrder) -> dict[str, Any]:
    sent = row.payload.get("customer") or {}
    order = session.get(Order, row.order_id) if row.order_id else None
    contact = session.get(Contact, order.customer_contact_id) if order else None
    return {"name": contact.name if contact else row.customer_name, "email": sent.get("email")}
