"""Queue the call of a scenario for which a rule or macro asks.

The step names a scenario of outgoing_events.py. If no integration of the brand has a URL for the scenario, nothing is sent
and the request stays noted. It is not sent later either, because it would then come too late.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.domain.automation.actions import settle_intent
from app.domain.events.models import Event
from app.domain.integrations.make.outgoing_events import customer_of, listening_to, promise_calls
from app.domain.webhooks.called import order_fields, read_called, thread_fields
from app.domain.webhooks.models import RULE_CALLED


def tell_asked_scenario(session: Session, event: Event) -> None:
    """Handle `OutsideCallAsked`: if the call is for a scenario that has a URL, queue it. Then mark the event as told, and its
    row of `OutsideIntent` as done."""
    call = event.payload["call"]
    if call["kind"] != "make" or event.brand_id is None:
        return
    connected = listening_to(session, brand_id=event.brand_id, names=(call["target"].strip(),))
    if not connected:
        return
    promise_calls(session, event, RULE_CALLED, listening=connected, data=_data(session, event))
    settle_intent(session, event, state="done", said={"is_told": True})


def _data(session: Session, event: Event) -> dict[str, Any]:
    """Return the data of the call: {"rule", "cause", "thread", "order", "customer"}. A value is None if there is no such
    thing."""
    called = read_called(session, event)
    thread, order, contact = called.thread, called.order, called.contact
    return {
        "rule": called.rule,
        "cause": called.cause,
        "thread": {**thread_fields(thread), "thread_subject": thread.subject} if thread else None,
        "order": order_fields(order) if order else None,
        "customer": customer_of(session, contact) if contact else None,
    }
