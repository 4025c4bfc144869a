"""Queue calls to the scenarios that want to know of an event, in the event's transaction. The scenarios and their events are:

order_processing        an order came in; its status changed
inventory_update        articles were ordered, used (order completed) or given back (order cancelled)
customer_communication  the same events as order_processing, with the customer's email address and phone number
financial_processing    money came in; an order was completed and can be invoiced

An order that a scenario created is not reported back, because the scenario would then create another one.
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.prepared import KEPT
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.integrations.models import Integration, Provider
from app.domain.orders.models import Article, LineItem, Order, OrderSource
from app.domain.webhooks.actions import queue_message
from app.domain.webhooks.models import EndpointKind
from app.domain.webhooks.owned import endpoint_of_owner
from app.domain.webhooks.platform_events import ways_of

SCHEMA_VERSION = 1
NAMES = {"OrderCreated": "order.created", "OrderStatusChanged": "order.status_changed", "PaymentReceived": "payment.received"}


def tell_scenarios(session: Session, event: Event) -> None:
    """Handle `OrderCreated`, `OrderStatusChanged` and `PaymentReceived`: queue a call for each scenario of the event that has a
    URL."""
    wanted = _scenarios(event)
    listening = listening_to(session, brand_id=event.brand_id, names=wanted) if wanted else []
    if not listening:
        return
    order = session.get_one(Order, uuid.UUID(event.payload["order_id"]))
    if event.type == "OrderCreated" and order.source == OrderSource.MAKE:
        return
    promise_calls(session, event, NAMES[event.type], listening=listening, data=_data(session, event, order))


def _scenarios(event: Event) -> tuple[str, ...]:
    status = event.payload.get("status")
    if event.type == "OrderCreated":
        return ("order_processing", "inventory_update", "customer_communication")
    if event.type == "PaymentReceived":
        return ("financial_processing",)
    ended = ("inventory_update",) if status in ("completed", "cancelled") else ()
    invoiced = ("financial_processing",) if status == "completed" else ()
    return ("order_processing", "customer_communication", *ended, *invoiced)


def listening_to(session: Session, *, brand_id: uuid.UUID | None, names: tuple[str, ...]) -> list[tuple[uuid.UUID, str]]:
    """List (integration id, scenario) for those scenarios in `names` for which an active integration of the brand has a URL.
    One query."""
    rows = session.execute(_CONNECTED, {"of_brand": brand_id})
    return [(integration_id, name) for integration_id, hooks in rows for name in names if name in (hooks or {})]


_CONNECTED = (
    sa.select(Integration.id, Integration.settings["hooks"])
    .where(Integration.provider == Provider.MAKE, Integration.is_active, Integration.brand_id == sa.bindparam("of_brand"))
    .order_by(Integration.id)
    .execution_options(**KEPT)
)


def promise_calls(
    session: Session, event: Event, event_type: str, *, listening: list[tuple[uuid.UUID, str]], data: dict[str, Any]
) -> None:
    """Queue a call of type `event_type` with `data` to each scenario in `listening` (the result of `listening_to`). A repeat
    for the same event queues nothing."""
    assert event.brand_id is not None
    about = {"label": data.get("order_number", event_type), **{name: data[name] for name in ("order_id",) if name in data}}
    for integration_id, scenario in listening:
        endpoint = endpoint_of_owner(
            session,
            kind=EndpointKind.MAKE,
            owner_id=integration_id,
            name=scenario,
            brand_id=event.brand_id,
            now=event.occurred_at,
        )
        queue_message(
            session,
            event_type=event_type,
            payload=_body(scenario, event, event_type, data),
            brand_id=event.brand_id,
            owner_id=integration_id,
            event_id=event.id,
            dedupe_key=f"make:{integration_id}:{scenario}:{event.id}",
            about=about,
            endpoints=[endpoint],
            now=event.occurred_at,
        )


def _body(scenario: str, event: Event, event_type: str, data: dict[str, Any]) -> bytes:
    body = {
        "event_id": str(event.id),
        "event_type": event_type,
        "occurred_at": event.occurred_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "schema_version": SCHEMA_VERSION,
        "source": "switchyard",
        "scenario": scenario,
        "data": data,
    }
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _data(session: Session, event: Event, order: Order) -> dict[str, Any]:
    told = {name: event.payload[name] for name in ("amount", "currency", "reference", "paid_at") if name in event.payload}
    changed = {"from_status": event.payload["from"], "reason": event.payload.get("reason", "")} if "from" in event.payload else {}
    return {
        "order_id": str(order.id),
        "order_number": order.order_number,
        "order_status": order.status.value,
        "order_type": order.order_type,
        **changed,
        **({"payment": told} if told else {}),
        "customer": customer_of(session, session.get_one(Contact, order.customer_contact_id)),
        "line_items": _lines(session, order),
        "external_references": order.external_references,
    }


def customer_of(session: Session, contact: Contact) -> dict[str, Any]:
    """Return {"contact_id", "name", "language", "email", "phone"} of the contact. "email" and "phone" are None if they are
    unknown."""
    return {"contact_id": str(contact.id), **ways_of(session, contact)}


def _lines(session: Session, order: Order) -> list[dict[str, Any]]:
    query = sa.select(LineItem, Article.sku).outerjoin(Article, Article.id == LineItem.article_id)
    rows = session.execute(query.where(LineItem.order_id == order.id).order_by(LineItem.position))
    return [{"sku": row.sku, "description": row.LineItem.description, "quantity": float(row.LineItem.quantity)} for row in rows]
