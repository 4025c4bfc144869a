"""Build the content of a quote or order confirmation as plain JSON: lines, amounts, taxes and address. Numbers are strings.

Cancelled lines are left out. The same order always gives the same content, so two contents can be compared to find a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand
from app.domain.addresses.models import Address
from app.domain.contacts.models import Contact
from app.domain.orders.models import LineItem, LineItemStatus, Order, OrderTaxTotal
from app.domain.orders.taxes import CODES
from app.domain.orders.totals import PricedLine, line_amount


def content_of(session: Session, order: Order) -> dict[str, Any]:
    """Return the content of an order as JSON. `net` and `gross` are None if the order is unpriced. At most five queries."""
    lines = _lines(session, order)
    customer, brand = session.get_one(Contact, order.customer_contact_id), session.get_one(Brand, order.brand_id)
    address = session.get(Address, order.address_id) if order.address_id else None
    return {
        "number": order.order_number,
        "brand": brand.name,
        "customer": customer.name,
        "place": place_lines(address),
        "currency": order.currency,
        "prices_include_tax": order.prices_include_tax,
        "lines": [_line(line) for line in lines],
        "discount": _plain(order.discount_amount),
        "taxes": [_tax(row) for row in _taxes(session, order)],
        "sentences": sorted({CODES[line.tax_code].sentence for line in lines if CODES[line.tax_code].sentence}),
        "net": _plain(order.net_total),
        "gross": _plain(order.gross_total),
    }


def place_lines(address: Address | None) -> list[str]:
    """Return the lines of an address as on a letter. Return [] if there is no address."""
    if address is None:
        return []
    street = " ".join(part for part in (address.street, address.house_number, address.house_number_addition) if part)
    rows = [row for row in (street, f"{address.postal_code} {address.city}".strip()) if row]
    return rows if address.street else [address.typed]


def offered(content: dict[str, Any]) -> dict[str, Any]:
    """Return the part of the content to which a customer agrees. Names and addresses are not in it, as they may be corrected
    later."""
    return {name: content[name] for name in ("currency", "prices_include_tax", "lines", "discount", "taxes", "net", "gross")}


def _lines(session: Session, order: Order) -> Sequence[LineItem]:
    query = sa.select(LineItem).where(LineItem.order_id == order.id, LineItem.status != LineItemStatus.CANCELLED)
    return session.execute(query.order_by(LineItem.position).execution_options(populate_existing=True)).scalars().all()


def _line(line: LineItem) -> dict[str, Any]:
    """Return one order line as JSON. `amount` does not include the discount on the whole order."""
    priced = PricedLine(line.quantity, line.unit_price, line.tax_code, line.discount_amount)
    return {
        "description": line.description,
        "quantity": _plain(line.quantity),
        "unit_price": _plain(line.unit_price),
        "discount": _plain(line.discount_amount),
        "amount": _plain(line_amount(priced)),
    }


def _taxes(session: Session, order: Order) -> Sequence[OrderTaxTotal]:
    query = sa.select(OrderTaxTotal).where(OrderTaxTotal.order_id == order.id)
    query = query.order_by(OrderTaxTotal.tax_code, OrderTaxTotal.part).execution_options(populate_existing=True)
    return session.execute(query).scalars().all()


def _tax(row: OrderTaxTotal) -> dict[str, Any]:
    return {"part": row.part, "rate": _plain(row.rate), "taxable": _plain(row.taxable), "tax": _plain(row.tax)}


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"
