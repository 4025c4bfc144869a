"""Read what a call by a rule or macro is about, and its fields for the payload."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.threads.models import Thread


@dataclass(frozen=True)
class Called:
    """What a call by a rule or macro is about. `rule`: its name, None for a macro. `cause`: the type of the event that started
    the rule."""

    rule: str | None
    cause: str | None
    thread: Thread | None
    order: Order | None
    contact: Contact | None


def read_called(session: Session, event: Event) -> Called:
    """Return what an `OutsideCallAsked` is about. Without a thread, the customer is that of the order."""
    cause = session.get(Event, event.caused_by_id) if event.caused_by_id else None
    thread = session.get(Thread, event.thread_id) if event.thread_id else None
    order_id = (cause.payload.get("order_id") if cause else None) or event.payload.get("order_id")
    order = session.get(Order, uuid.UUID(order_id)) if order_id else None
    contact_id = (thread.contact_id if thread else None) or (order.customer_contact_id if order else None)
    contact = session.get(Contact, contact_id) if contact_id else None
    return Called((event.payload.get("by") or {}).get("name"), cause.type if cause else None, thread, order, contact)


def thread_fields(thread: Thread) -> dict[str, Any]:
    """Return the fields of a thread for a call by a rule or macro, without customer data."""
    return {
        "thread_id": str(thread.id),
        "number": thread.number,
        "status": thread.status.value,
        "priority": thread.priority.value,
        "url": f"{runtime().settings.public_url}/threads/{thread.id}",
    }


def order_fields(order: Order) -> dict[str, Any]:
    """Return the fields of an order for a call by a rule or macro, without customer data."""
    return {"order_id": str(order.id), "order_number": order.order_number, "order_status": order.status.value}
