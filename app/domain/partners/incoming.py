"""The data of an incoming partner order (`IncomingOrder`), and how two versions of it differ."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from app.contract.address_parts import AddressParts

ORDER_ID_CHARACTERS = 100
RECEIVED = "received"
PROCESSING_TIME = "24-48 hours"
MOST_CHANGED_FIELDS = 50
UNKNOWN_FIELD = "unknown_field"  # the code of a warning


@dataclass(frozen=True)
class IncomingLine:
    """A line of a partner's order.

    `sku` is the product number of the partner, or an article number of ours. `item_id` is the partner's id of the line.
    """

    sku: str
    description: str
    quantity: Decimal
    item_id: str = ""


@dataclass(frozen=True)
class IncomingOrder:
    """A partner's order as it was read.

    `payload` is everything that the partner sent. `warnings` are returned to the partner in the response.
    """

    partner_order_id: str
    customer_name: str
    email: str
    phone: str
    address: AddressParts | None
    lines: Sequence[IncomingLine]
    payload: dict[str, Any]
    preferences: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    warnings: Sequence[dict[str, str]] = ()


def warning(code: str, field_name: str, message: str) -> dict[str, str]:
    """Return a warning as {"code", "field", "message"} about a field that the partner sent. An order with warnings is still
    accepted."""
    return {"code": code, "field": field_name, "message": message}


def payload_of(
    *, number: str, name: str, email: str, phone: str, address: AddressParts | None, products: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the order as a dict in the format of the partner API, so that orders from all sources can be compared."""
    place = {
        "street": address.street,
        "house_number": address.house_number,
        "house_number_addition": address.house_number_addition,
        "postal_code": address.postal_code,
        "city": address.city,
    } if address else {}  # fmt: skip
    return {
        "partner_order_id": number,
        "customer": {"name": name, "email": email, "phone": phone, "address": place},
        "products": list(products),
    }


def fingerprint_of(payload: Any) -> bytes:
    """Return the SHA-256 hash of a JSON value. White space and the order of the members make no difference."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def changed_fields(before: Any, after: Any) -> list[str]:
    """Return the places at which two payloads differ, as JSON pointers such as /customer/phone, at most `MOST_CHANGED_FIELDS`."""
    found: list[str] = []
    for pointer in _differences(before, after, ""):
        if len(found) == MOST_CHANGED_FIELDS:
            break
        found.append(pointer)
    return found


def _differences(before: Any, after: Any, at: str) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            place = f"{at}/{name.replace('~', '~0').replace('/', '~1')}"
            if name in before and name in after:
                yield from _differences(before[name], after[name], place)
            else:
                yield place
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{at}/{number}")
    elif before != after:
        yield at or "/"
