"""Parse what Make scenarios post; no database.

The fields are in the body itself, or in its `data`:
    {"event_id", "occurred_at", "data": {…}} with, for
    order-created      customer {name, email, phone}, address (text or parts), line_items | products, notes, order_reference
    visit-completed    order_number | order_id, completed_at, technician, notes
    payment-received   order_number | order_id, payment_id, amount, currency, paid_at
    customer-feedback  order_number | order_id, or customer; rating, comment
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.contract.address_parts import AddressParts, read_fields, read_line
from app.contract.base import UnableToParse
from app.core.money import UnreadableNumber, read_number, round2, round_places
from app.core.text import known, storable, storable_json
from app.core.text import mark as N_

SCENARIOS = ("order-created", "visit-completed", "payment-received", "customer-feedback")
MOST_LINES, MOST_AMOUNT = 200, Decimal(1_000_000_000)
_LACKS = known("%(what)s is missing or invalid")


@dataclass(frozen=True)
class Told:
    """The content of one post from a Make scenario. `event_id` is the scenario's own id for it, `data` are its fields."""

    event_id: str
    occurred_at: datetime
    data: Mapping[str, Any]

    def text(self, *names: str, most: int = 300) -> str:
        """Return the value of the first of these fields that has one, on one line. Return "" if no field has a value."""
        found = (_text(self.data.get(name)) for name in names)
        return " ".join(next((one for one in found if one), "").split())[:most]

    def words(self, *names: str) -> str:
        """Return the value of the first of these fields that has one, with its line breaks. Return "" if no field has a value."""
        return next((one for one in (_text(self.data.get(name)) for name in names) if one), "")[:20_000]

    def at(self, *names: str) -> datetime:
        return next((at for at in (read_time(self.data.get(name)) for name in names) if at), self.occurred_at)


@dataclass(frozen=True)
class OrderedLine:
    """One ordered line. `article` is an article number, perhaps one that we do not have.

    `unit_price` is without tax, None if it is missing.
    """

    description: str
    quantity: Decimal = Decimal(1)
    article: str = ""
    unit_price: Decimal | None = None


def read_event_id(body: bytes, header: str) -> str:
    """Return the sender's id of this event, from the body or else from the header. Return "" if there is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return header[:200]
    return storable(_text(found.get("event_id")) if isinstance(found, dict) else "")[:200] or header[:200]


def read_told(body: bytes, *, received_at: datetime) -> Told:
    """Return a scenario's post. Raises UnableToParse."""
    try:
        whole = storable_json(json.loads(body, parse_float=Decimal))
    except (ValueError, RecursionError) as error:
        raise UnableToParse(N_("the body is not JSON")) from error
    if not isinstance(whole, dict):
        raise UnableToParse(N_("the body is not an object"))
    data = whole["data"] if isinstance(whole.get("data"), dict) else whole
    at = read_time(whole.get("occurred_at")) or read_time(whole.get("timestamp")) or received_at
    return Told(_text(whole.get("event_id"))[:200], at, data)


def read_customer(told: Told) -> dict[str, str]:
    """Return {"name", "email", "phone"} of the customer. A missing value is ""."""
    customer = told.data.get("customer") or told.data.get("contact")
    found = customer if isinstance(customer, dict) else told.data
    keys = {"name": ("name", "customer_name"), "email": ("email",), "phone": ("phone",)}
    values = {key: next((one for one in (_text(found.get(name)) for name in names) if one), "") for key, names in keys.items()}
    return {key: " ".join(value.split())[:200] for key, value in values.items()}


def read_place(told: Told) -> AddressParts | None:
    """Return the delivery address, which was posted as one line or in parts. Return None if there is none."""
    customer = told.data.get("customer")
    value = told.data.get("address") or (customer.get("address") if isinstance(customer, dict) else None)
    if isinstance(value, str):
        return read_line(value) if value.strip() else None
    if not isinstance(value, dict):
        return None
    names = {
        "street": "street",
        "house_number": "house_number",
        "addition": "house_number_addition",
        "postal_code": "postal_code",
    }
    parts = {key: _text(value.get(name))[:300] for key, name in names.items()}
    found = read_fields(**parts, city=_text(value.get("city"))[:300], country=_text(value.get("country"))[:60])
    return found if found.typed else None


def read_lines(told: Told) -> list[OrderedLine]:
    """Return the ordered lines.

    Each was posted as a text, or as an object with `sku` or `partner_sku`, `description`, `quantity`, `unit_price`.
    """
    listed = told.data.get("line_items") or told.data.get("products")
    return [line for line in map(_line, listed[:MOST_LINES] if isinstance(listed, list) else []) if line is not None]


def read_amount(value: Any, what: str) -> Decimal:
    """Return an amount of money with two decimals. Raises UnableToParse if it is missing or invalid; `what` is the field's
    name."""
    amount = _number(value)
    if amount is None or abs(amount) > MOST_AMOUNT:
        raise UnableToParse(_LACKS % {"what": what})
    return round2(amount)


def read_time(value: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(value))
    except ValueError:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at if 2000 <= at.year <= 2100 else None


def lacking(what: str) -> UnableToParse:
    """Return the error for a missing field."""
    return UnableToParse(_LACKS % {"what": what})


def _line(value: Any) -> OrderedLine | None:
    if not isinstance(value, dict):
        text = " ".join(_text(value).split())[:300]
        return OrderedLine(text) if text else None
    sku, words = (
        " ".join(_text(value.get(a) or value.get(b)).split())[:300] for a, b in (("sku", "partner_sku"), ("description", "name"))
    )
    if not sku and not words:
        return None
    quantity, price = _number(value.get("quantity", 1)), _number(value.get("unit_price"))
    fits = quantity is not None and Decimal("0.001") <= quantity <= 100_000
    priced = price is not None and 0 <= price <= MOST_AMOUNT
    return OrderedLine(
        words or sku,
        round_places(quantity, 3) if fits and quantity is not None else Decimal(1),
        sku,
        round_places(price, 4) if priced and price is not None else None,
    )


def _number(value: Any) -> Decimal | None:
    """Return the number in a JSON number or in a text that can be read in only one way. Return None for any other value."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str) or len(str(value)) > 40:
        return None
    if not isinstance(value, str):
        number = Decimal(value)
        return number if number.is_finite() else None
    try:
        return read_number(value)
    except UnreadableNumber:
        return None


def _text(value: Any) -> str:
    return str(value).strip()[:20_000] if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else ""
