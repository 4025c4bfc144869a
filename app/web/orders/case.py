"""Read what an order's page shows: status, next steps with reasons, history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask_babel import format_datetime

from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.appointments.queries import AppointmentRow
from app.domain.events.models import Event
from app.domain.orders.machines import ORDERS
from app.domain.orders.models import Order, OrderStatus
from app.domain.orders.payments import Balance
from app.domain.transitions.queries import HistoryRow, Step
from app.web.inbox.appointment_words import APPOINTMENT_EVENTS, appointment_event_words
from app.web.orders.words import order_reason_words, order_status_words, price_words, quantity_words

_NEXT = {
    OrderStatus.INTAKE_RECEIVED: N_("Review the request, then accept it."),
    OrderStatus.NEW: N_("Give each line a price and send the quote, or approve the order as it is."),
    OrderStatus.QUOTED: N_("The customer has the quote. Approve the order when they agree."),
    OrderStatus.APPROVED: N_("Plan a visit; the order’s status then changes to “Scheduled” automatically."),
    OrderStatus.SCHEDULED: N_("Plan a visit: no visit is planned."),
    OrderStatus.IN_PROGRESS: N_("No visit is planned: complete the order, or plan another visit."),
    OrderStatus.COMPLETED: N_("Nothing is left to do."),
    OrderStatus.CANCELLED: N_("Nothing is left to do; a team lead can reopen the order."),
}


@dataclass(frozen=True)
class Stop:
    """One status of an order's main line. `at`: when the order last entered it; None if never."""

    status: str
    at: datetime | None
    is_current: bool


@dataclass(frozen=True)
class Told:
    """One event of an order in words. `more` is its reason or detail. `is_undone`: True if the change was undone later."""

    at: datetime
    words: str
    more: str = ""
    is_undone: bool = False


def stops(order: Order, history: list[HistoryRow]) -> list[Stop]:
    """Return the statuses of the order's main line, with the times at which it entered them and its current one marked.

    For an order on hold, the status from which it was put on hold is the current one.
    """
    entered = {row.transition.to_status: row.transition.at for row in history}
    current = held_from(history) if order.status is OrderStatus.ON_HOLD else order.status.value
    place = ORDERS.main_line.index(current) if current in ORDERS.main_line else -1
    return [
        Stop(status, entered.get(status) if number <= place or place < 0 else None, status == current)
        for number, status in enumerate(ORDERS.main_line)
    ]


def forward_first(steps: list[Step], order: Order, history: list[HistoryRow]) -> list[Step]:
    """Return the steps with the most likely one first.

    It leads to the next status of the main line. For an order on hold, it leads back to the status from which it was put on
    hold.
    """
    line, here = ORDERS.main_line, held_from(history) if order.status is OrderStatus.ON_HOLD else order.status.value
    place = line.index(here) + (order.status is not OrderStatus.ON_HOLD) if here in line else -1
    likely = line[place] if 0 <= place < len(line) else ""
    return sorted(steps, key=lambda step: step.to_status != likely)


def held_from(history: list[HistoryRow]) -> str:
    """Return the status from which an order was last put on hold, or "" if it never was."""
    held = [row.transition.from_status for row in history if row.transition.to_status == OrderStatus.ON_HOLD]
    return (held[-1] or "") if held else ""


def next_words(order: Order, history: list[HistoryRow], visits: list[AppointmentRow], balance: Balance) -> str:
    """Return in one sentence what happens next to the order, and when."""
    visit = next((one for one in visits if one.appointment.is_open), None)
    if order.status is OrderStatus.ON_HOLD:
        last = history[-1].transition if history else None
        why = ", ".join(filter(None, (order_reason_words(last.reason_code) if last else "", last.reason if last else "")))
        return _(
            "On hold: %(why)s. Resume the order at “%(status)s”, its earlier status.",
            why=why,
            status=_status(held_from(history)),
        )
    if order.status is OrderStatus.SCHEDULED and visit is not None:
        when = format_datetime(visit.local_start, "EEEE d MMM HH:mm", rebase=False)
        return _(
            "Visit on %(when)s. When the technician arrives, the order’s status changes to “In progress” automatically.",
            when=when,
        )
    if order.status is OrderStatus.IN_PROGRESS and visit is not None:
        return _("You can complete the order once the visit is over.")
    if order.status is OrderStatus.COMPLETED and balance.open is not None and balance.open > 0:
        return _("%(amount)s is still unpaid.", amount=price_words(balance.open, order.currency))
    return _(_NEXT[order.status])


def timeline(events: list[tuple[Event, str]], order: Order) -> list[Told]:
    """Return the events of an order in words, oldest first. Events of another order that was merged into it begin with its
    number."""
    undone = {event.payload.get("undoes_id") or event.payload.get("undoes") for event, _who in events} - {None}
    told = []
    for event, name in events:
        payload = event.payload
        who = name or (payload.get("by") or {}).get("name") or _("Switchyard")
        words, more = _words(event.type, who, payload, order.currency)
        if words:
            elsewhere = "" if payload.get("order_id") == str(order.id) else payload.get("order_number", "")
            words = f"{elsewhere}: {words}" if elsewhere else words
            told.append(Told(event.occurred_at, words, more, {payload.get("transition_id"), str(event.id)} & undone != set()))
    return told


def _words(kind: str, who: str, payload: dict[str, Any], currency: str) -> tuple[str, str]:
    if kind in APPOINTMENT_EVENTS:
        return appointment_event_words(kind, who, payload), payload.get("reason", "")
    if kind == "OrderStatusChanged":
        more = " · ".join(filter(None, (order_reason_words(payload.get("reason_code") or ""), payload.get("reason"))))
        if payload.get("undoes_id"):
            return _("%(who)s set the status back to %(status)s", who=who, status=_status(payload["status"])), more
        former, status = _status(payload["from"]), _status(payload["status"])
        return _("%(who)s changed the status from %(former)s to %(status)s", who=who, former=former, status=status), more
    if kind == "OrderLinesChanged":
        return _line_words(who, payload), ""
    if kind == "OrderRegrouped":
        words = _REGROUPED[payload["kind"], payload.get("is_other", False)]
        return _(words, who=who, number=payload["other_number"]), ""
    if kind in _ANSWERS:
        return _(_ANSWERS[kind], name=payload["name"]), payload["note"]
    if kind in _MONEY:
        amount = price_words(Decimal(payload["amount"]), payload.get("currency") or currency)
        return _(_MONEY[kind], amount=amount), payload["reference"]
    return (_(_PLAIN[kind], who=who), "") if kind in _PLAIN else ("", "")


_MONEY = {
    "PaymentReceived": N_("%(amount)s was received"),
    "PaymentFailed": N_("A payment of %(amount)s failed"),
    "PaymentRefunded": N_("%(amount)s was refunded"),
}
# The words of a regrouping, by (what was done, whether the order is the one made or merged away).
_REGROUPED = {
    ("merge", False): N_("%(who)s merged %(number)s into this order"),
    ("merge", True): N_("%(who)s merged this order into %(number)s"),
    ("split", False): N_("%(who)s split off lines of this order into %(number)s"),
    ("split", True): N_("%(who)s split this order off from %(number)s"),
    ("duplicate", False): N_("%(who)s duplicated this order; the copy is %(number)s"),
    ("duplicate", True): N_("%(who)s created this order as a copy of %(number)s"),
    ("undo", False): N_("%(who)s undid the change that involved order %(number)s"),
    ("undo", True): N_("%(who)s undid the change that involved order %(number)s"),
}
_ANSWERS = {
    "QuoteAccepted": N_("%(name)s accepted the quote via its link"),
    "QuoteDeclined": N_("%(name)s declined the quote via its link"),
}
_PLAIN = {
    "QuoteMade": N_("%(who)s created a quote"),
    "QuoteWithdrawn": N_("%(who)s withdrew a quote"),
    "OrderCreated": N_("%(who)s created the order"),
    "OrderImported": N_("%(who)s imported the order from a file"),
    "OrderChanged": N_("%(who)s changed notes or references"),
    "OrderPriorityChanged": N_("%(who)s changed the priority"),
    "OrderLineStatusChanged": N_("%(who)s changed the state of a line"),
    "FeedbackReceived": N_("The customer gave feedback"),
}


def _line_words(who: str, payload: dict[str, Any]) -> str:
    before, after = payload["before"], payload["after"]
    if payload["line_item_id"] is None:
        return _("%(who)s changed the order discount", who=who)
    if before is None:
        return _("%(who)s added %(what)s × %(count)s", who=who, what=after["description"], count=_count(after))
    if after is None:
        return _("%(who)s removed %(what)s", who=who, what=before["description"])
    return _(
        "%(who)s changed %(what)s from %(former)s to %(now)s",
        who=who,
        what=after["description"],
        former=_price_of(before),
        now=_price_of(after),
    )


def _price_of(line: dict[str, Any]) -> str:
    price = _("no price") if line["unit_price"] is None else line["unit_price"]
    discount = f" − {line['discount_amount']}" if line["discount_amount"] != "0" else ""
    return f"{_count(line)} × {price}{discount}"


def _count(line: dict[str, Any]) -> str:
    return quantity_words(Decimal(line["quantity"]))


def _status(value: str) -> str:
    return order_status_words(value) if value else ""
