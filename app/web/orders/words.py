"""Put orders into words: states, sources, quantities, prices. No database."""

from __future__ import annotations

from decimal import Decimal

from flask_babel import get_locale

from app.core import money_words as readable
from app.core.money import round2
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.orders.models import ENDED, LineItemStatus, OrderPayment, OrderSource, OrderStatus, PaymentKind, PaymentState
from app.domain.orders.taxes import CODES

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
# The label of the step to each status.
STEPS = {
    OrderStatus.NEW: N_("Accept"),
    OrderStatus.QUOTED: N_("Mark quote as sent"),
    OrderStatus.APPROVED: N_("Approve"),
    OrderStatus.SCHEDULED: N_("Schedule"),
    OrderStatus.IN_PROGRESS: N_("Start"),
    OrderStatus.ON_HOLD: N_("Put on hold"),
    OrderStatus.COMPLETED: N_("Complete"),
    OrderStatus.CANCELLED: N_("Cancel the order"),
}
# The label of the step back to each status.
BACK = {
    (OrderStatus.QUOTED, OrderStatus.NEW): N_("Withdraw the quote"),
    (OrderStatus.APPROVED, OrderStatus.QUOTED): N_("Change the quote"),
    (OrderStatus.SCHEDULED, OrderStatus.APPROVED): N_("Move back to “Approved”"),
    (OrderStatus.IN_PROGRESS, OrderStatus.SCHEDULED): N_("Plan another visit"),
    (OrderStatus.COMPLETED, OrderStatus.IN_PROGRESS): N_("Reopen"),
    (OrderStatus.CANCELLED, OrderStatus.NEW): N_("Reopen"),
}
REASONS = {
    "waiting_for_customer": N_("Waiting for the customer"),
    "waiting_for_parts": N_("Waiting for parts"),
    "waiting_for_permit": N_("Waiting for a permit"),
    "technical_problem": N_("Technical problem"),
    "payment_open": N_("Not paid yet"),
    "customer_withdrew": N_("The customer no longer wants the order"),
    "partner_withdrew": N_("The partner withdrew the order"),
    "not_possible": N_("The order cannot be carried out"),
    "duplicate": N_("Duplicate order"),
    "other": N_("Something else"),
}
PAYMENTS = {PaymentState.PENDING: N_("Waiting"), PaymentState.RECEIVED: N_("Received"), PaymentState.FAILED: N_("Failed")}
_PAYMENT_TONES = {PaymentState.RECEIVED: "done", PaymentState.FAILED: "overdue"}
LINE_STATUSES = {
    LineItemStatus.PRELIMINARY: N_("Preliminary"),
    LineItemStatus.QUOTED: N_("Quoted"),
    LineItemStatus.ORDERED: N_("Ordered"),
    LineItemStatus.INSTALLED: N_("Installed"),
    LineItemStatus.CANCELLED: N_("Cancelled"),
}
SOURCES = {
    OrderSource.USER: N_("Entered by hand"),
    OrderSource.API: N_("Via the API"),
    OrderSource.FORM: N_("Via a form"),
    OrderSource.MAKE: N_("Via a Make.com scenario"),
    OrderSource.PARTNER: N_("By a partner"),
    OrderSource.IMPORT: N_("From a file"),
}
_TONES = {OrderStatus.COMPLETED: "done", OrderStatus.ON_HOLD: "due", OrderStatus.INTAKE_RECEIVED: "info"}


REFERENCES = {
    "partner_order_id": N_("Partner’s order number"),
    "partner_customer_id": N_("Customer number at the partner"),
    "partner_system": N_("Partner’s system"),
    "created_via_api": N_("Arrived via API"),
    "dealer_group_id": N_("Dealer group"),
    "purchase_order": N_("Purchase order"),
    "purchase_order_number": N_("Purchase order"),
    "order_reference": N_("Order reference"),
    "form": N_("Form"),
    "submission": N_("Form submission number"),
}


def reference_words(key: str) -> str:
    """Return the label of a partner's reference. For an unknown key, return the key with spaces instead of underscores."""
    return _(REFERENCES[key]) if key in REFERENCES else key.replace("_", " ").strip().capitalize()


def order_status_words(value: str) -> str:
    return _(STATUSES[OrderStatus(value)])


def order_status_tone(value: str) -> str:
    return _TONES.get(OrderStatus(value), "" if OrderStatus(value) in ENDED else "accent")


def line_status_words(value: str) -> str:
    return _(LINE_STATUSES[LineItemStatus(value)])


def order_source_words(value: str) -> str:
    return _(SOURCES[OrderSource(value)])


def order_step_words(to_status: str, from_status: str) -> str:
    """Return the label of the button that moves an order to `to_status`. For an order on hold it begins with "Resume"."""
    pair = (OrderStatus(from_status), OrderStatus(to_status))
    if pair[0] is OrderStatus.ON_HOLD and pair[1] is not OrderStatus.CANCELLED:
        return _("Resume: %(status)s", status=order_status_words(to_status).lower())
    return _(BACK.get(pair) or STEPS[pair[1]])


def order_reason_words(code: str) -> str:
    return _(REASONS[code]) if code in REASONS else code


def payment_words(payment: OrderPayment) -> str:
    if payment.kind is PaymentKind.REFUND and payment.state is PaymentState.RECEIVED:
        return _("Refunded")
    return _(PAYMENTS[payment.state])


def payment_tone(payment: OrderPayment) -> str:
    return "" if payment.kind is PaymentKind.REFUND else _PAYMENT_TONES.get(payment.state, "due")


def rate_words(rate: Decimal) -> str:
    """Return a rate (already in per cent) as text with a per cent sign, with as many decimals as it has."""
    return f"{readable.number_words(rate, _language())}\u00a0%"


def tax_code_words(code: str) -> str:
    return _(CODES[code].words)


def quantity_words(quantity: Decimal) -> str:
    return readable.number_words(quantity, _language())


def price_words(price: Decimal | None, currency: str = "EUR") -> str:
    """Return a price with its currency, in the reader's locale; "" for None."""
    return "" if price is None else readable.money_words(price, currency, _language())


def amount_words(amount: Decimal | None) -> str:
    """Return an amount without its currency, for a column that has one currency; "" for None."""
    return "" if amount is None else readable.amount_words(amount, _language())


def _language() -> str:
    return str(get_locale() or "en")


def quantity_typed(quantity: Decimal) -> str:
    """Return a quantity as the value of a form field."""
    return f"{quantity.normalize():f}"


def price_typed(price: Decimal) -> str:
    """Return a price as the value of a form field: read back, it is the same price."""
    exact = round2(price) if price == round2(price) else price
    return f"{exact:f}"


FILTERS = {
    "reference_words": reference_words,
    "order_status_words": order_status_words,
    "order_status_tone": order_status_tone,
    "line_status_words": line_status_words,
    "order_source_words": order_source_words,
    "quantity_words": quantity_words,
    "price_words": price_words,
    "quantity_typed": quantity_typed,
    "order_step_words": order_step_words,
    "order_reason_words": order_reason_words,
    "payment_words": payment_words,
    "payment_tone": payment_tone,
    "rate_words": rate_words,
    "tax_code_words": tax_code_words,
    "amount_words": amount_words,
    "price_typed": price_typed,
}
