"""How orders are put into words: states, sources, quantities, prices. No database."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask_babel import format_currency, format_decimal

from app.contract.address_register import Match
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.addresses.models import CheckStatus
from app.domain.orders.models import ENDED, LineItemStatus, OrderSource, OrderStatus

STATUSES = {
    OrderStatus.INTAKE_RECEIVED: N_("Intake received"),
    OrderStatus.NEW: N_("New order"),
    OrderStatus.QUOTED: N_("Quoted"),
    OrderStatus.APPROVED: N_("Approved"),
    OrderStatus.SCHEDULED: N_("Scheduled"),
    OrderStatus.IN_PROGRESS: N_("In progress"),
    OrderStatus.ON_HOLD: N_("On hold"),
    OrderStatus.COMPLETED: N_("Completed"),
    OrderStatus.CANCELLED: N_("Cancelled"),
}
LINE_STATUSES = {
    LineItemStatus.PRELIMINARY: N_("Preliminary"),
    LineItemStatus.QUOTED: N_("Quoted"),
    LineItemStatus.ORDERED: N_("Ordered"),
    LineItemStatus.INSTALLED: N_("Installed"),
    LineItemStatus.CANCELLED: N_("Cancelled"),
}
SOURCES = {
    OrderSource.USER: N_("Entered by hand"),
    OrderSource.API: N_("By the API"),
    OrderSource.FORM: N_("By a form"),
    OrderSource.MAKE: N_("By a scenario"),
    OrderSource.PARTNER: N_("By a partner"),
}
CHECKS = {
    CheckStatus.WAITING: N_("Not looked up yet"),
    CheckStatus.VALID: N_("Valid address"),
    CheckStatus.SEVERAL: N_("Several are possible"),
    CheckStatus.NONE: N_("Not in the register"),
    CheckStatus.SKIPPED: N_("Not looked up"),
}
_CHECK_TONES = {CheckStatus.VALID: "done", CheckStatus.SEVERAL: "due", CheckStatus.NONE: "overdue"}
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


def price_words(price: Decimal | None, currency: str = "EUR") -> str:
    """An empty text where nobody said."""
    return "" if price is None else str(format_currency(price, currency))


def address_check_words(value: str) -> str:
    return _(CHECKS[CheckStatus(value)])


def address_check_tone(value: str) -> str:
    return _CHECK_TONES.get(CheckStatus(value), "")


def match_words(match: dict[str, Any]) -> str:
    """An address of the register, as it is kept."""
    return Match(**match).words


FILTERS = {
    "address_check_words": address_check_words,
    "address_check_tone": address_check_tone,
    "match_words": match_words,
    "order_status_words": order_status_words,
    "order_status_tone": order_status_tone,
    "line_status_words": line_status_words,
    "order_source_words": order_source_words,
    "quantity_words": quantity_words,
    "price_words": price_words,
}
