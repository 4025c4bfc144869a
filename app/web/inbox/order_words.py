"""Put the link between a thread and an order into words, with its reason. No database."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.events.models import Event
from app.domain.threads.order_mentions import Because
from app.web.orders.words import order_status_words

ORDER_EVENTS = frozenset({"OrderLinked", "OrderUnlinked", "OrderStatusChanged", "PaymentReceived"})
REASONS = {
    Because.NUMBER: N_("Linked to order %(number)s: the message mentions the order number"),
    Because.REFERENCE: N_("Linked to order %(number)s: the message mentions the order’s reference %(said)s"),
    Because.SHORT_NUMBER: N_(
        "Linked to order %(number)s: the message mentions %(said)s, and no other order number ends in %(said)s"
    ),
    Because.ALMOST: N_("Linked to order %(number)s: the message says %(said)s, which is the order number with one typo"),
    Because.REPLY: N_("Linked to order %(number)s: the message answers an earlier message about this order"),
    Because.QUOTED: N_("Linked to order %(number)s: the quoted text mentions the order number"),
    Because.ONLY_OPEN: N_("Linked to order %(number)s: it is the customer's only open order"),
}


def order_event_words(event_type: str, who: str, payload: dict[str, Any]) -> str:
    number = payload["order_number"]
    if event_type == "OrderStatusChanged":
        status = _status(payload["status"])
        changed = _("%(who)s set the status of order %(number)s to %(status)s", who=who, number=number, status=status)
        return f"{changed}: {payload['reason']}" if payload.get("reason") else changed
    if event_type == "PaymentReceived":
        amount = f"{payload['amount']} {payload['currency']}"
        return _("%(amount)s was paid for order %(number)s", amount=amount, number=number)
    if event_type == "OrderUnlinked":
        return _("%(who)s unlinked order %(number)s", who=who, number=number)
    because = payload["because"]
    if because == Because.HAND:
        return _("%(who)s linked order %(number)s", who=who, number=number)
    return _(REASONS[Because(because)], number=number, said=payload["said"])


def _status(value: str) -> str:
    return order_status_words(value).lower()


def standing_links(events: Iterable[Event]) -> frozenset[uuid.UUID]:
    """Return the ids of the OrderLinked events whose link was not removed since. `events` must be oldest first."""
    standing: dict[str, uuid.UUID] = {}
    for event in events:
        if event.type == "OrderLinked":
            standing[event.payload["order_id"]] = event.id
        elif event.type == "OrderUnlinked":
            standing.pop(event.payload["order_id"], None)
    return frozenset(standing.values())
