"""Queue the call of a scenario for which a rule or macro asks.

The step names a scenario of outgoing_events.py. If no integration of the brand has a URL for the scenario, nothing is sent
and the request stays noted. It is not sent later either, because it would then come too late.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.automation.models import OutsideIntent
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.integrations.make.outgoing_events import listening_to, promise_calls, ways_of
from app.domain.orders.models import Order
from app.domain.threads.models import Thread

NAME = "rule.called"


def tell_asked_scenario(session: Session, event: Event) -> None:
    """Handle `OutsideCallAsked`: if the call is for a scenario that has a URL, queue it. Then mark the event as told, and its
    row of `OutsideIntent` as done."""
    call = event.payload["call"]
    if call["kind"] != "make" or event.brand_id is None:
        return
    connected = listening_to(session, brand_id=event.brand_id, names=(call["target"].strip(),))
    if not connected:
        return
    promise_calls(session, event, NAME, listening=connected, data=_data(session, event))
    session.execute(sa.update(OutsideIntent).where(OutsideIntent.event_id == event.id).values(state="done"))
    event.payload = {**event.payload, "is_told": True}
    session.flush()


def _data(session: Session, event: Event) -> dict[str, Any]:
    """Return the data of the call: {"rule", "cause", "thread", "order", "customer"}. A value is None if there is no
    such thing.
    """
    cause = session.get(Event, event.caused_by_id) if event.caused_by_id else None
    thread = session.get(Thread, event.thread_id) if event.thread_id else None
    order_id = (cause.payload.get("order_id") if cause else None) or event.payload.get("order_id")
    order = session.get(Order, uuid.UUID(order_id)) if order_id else None
    contact_id = (thread.contact_id if thread else None) or (order.customer_contact_id if order else None)
    contact = session.get(Contact, contact_id) if contact_id else None
    return {
        "rule": (event.payload.get("by") or {}).get("name"),
        "cause": cause.type if cause else None,
        "thread": _thread(thread) if thread else None,
        "order": _order(order) if order else None,
        "customer": ways_of(session, contact) if contact else None,
    }


def _thread(thread: Thread) -> dict[str, Any]:
    return {
        "thread_id": str(thread.id),
        "number": thread.number,
        "thread_subject": thread.subject,
        "status": thread.status.value,
        "priority": thread.priority.value,
        "url": f"{runtime().settings.public_url}/threads/{thread.id}",
    }


def _order(order: Order) -> dict[str, Any]:
    return {"order_id": str(order.id), "order_number": order.order_number, "order_status": order.status.value}
