"""How orders are put into words: states, sources, quantities, prices. No database."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import format_currency, format_decimal

from app.orders.models import ENDED, LineItemStatus, OrderSource, OrderStatus
from app.translation import gettext as _
from app.translation import mark as N_

STATUSES = {
    OrderStatus.INTAKE_RECEIVED: N_("Intake received"),
    OrderStatus.NEW: N_("New order"),
    OrderStatus.APPROVED: N_("Approved"),
    OrderStatus.SCHEDULED: N_("Scheduled"),
    OrderStatus.IN_PROGRESS: N_("In progress"),
    OrderStatus.ON_HOLD: N_("On hold"),
    OrderStatus.COMPLETED: N_("Completed"),
    OrderStatus.CANCELLED: N_("Cancelled"),
}
LINE_STATUSES = {LineItemStatus.PRELIMINARY: N_("Preliminary"), LineItemStatus.QUOTED: N_("Quoted")}
SOURCES = {
    OrderSource.USER: N_("Entered by hand"),
    OrderSource.API: N_("By the API"),
    OrderSource.FILLOUT: N_("By a form"),
    OrderSource.MAKE: N_("By a scenario"),
}
_TONES = {OrderStatus.COMPLETED: "done", OrderStatus.ON_HOLD: "due", OrderStatus.INTAKE_RECEIVED: "info"}


def order_status_words(value: str) -> str:
    return _(STATUSES[OrderStatus(value)])


def order_status_tone(value: str) -> str:
    return _TONES.get(OrderStatus(value), "" if OrderStatus(value) in ENDED else "accent")


def line_status_words(value: str) -> str:
    return _(LINE_STATUSES[LineItemStatus(value)])


def order_source_words(value: str) -> str:
    return _(SOURCES[OrderSource(value)])


def quantity_words(quantity: Decimal) -> str:
    return str(format_decimal(quantity.normalize()))


def price_words(price: Decimal | None) -> str:
    """Euros, "" where nobody said."""
    return "" if price is None else str(format_currency(price, "EUR"))


FILTERS = {
    "order_status_words": order_status_words,
    "order_status_tone": order_status_tone,
    "line_status_words": line_status_words,
    "order_source_words": order_source_words,
    "quantity_words": quantity_words,
    "price_words": price_words,
}
