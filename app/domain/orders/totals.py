"""Calculate an order's totals: lines, discounts, tax per rate, to the cent (pure). Pure; the one place that adds up.

Tax is worked out per document and rate, never per line: three lines of 10.02 at 21 % are 6.31, not 6.30. Prices with tax keep
what the customer sees: the tax is what the net amount leaves of the gross one, and no second rounding takes a cent away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.money import round2, share_out
from app.domain.orders.taxes import CODES

ZERO = Decimal("0.00")


class TooMuchDiscount(ValueError):
    """A discount is more than what it is taken from."""


@dataclass(frozen=True)
class PricedLine:
    """`unit_price` None: nobody said; the order is unpriced then. `discount` is an amount of the whole line."""

    quantity: Decimal
    unit_price: Decimal | None
    tax_code: str
    discount: Decimal = ZERO


@dataclass(frozen=True)
class TaxRow:
    """One part of one code: of which amount without tax, and how much."""

    tax_code: str
    part: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """`amounts` and `shares` (of the order's discount) by line, as prices are: with tax or without. None: the line is unpriced.

    `net`, `tax` and `gross` are None where a line is unpriced; a missing price is not 0.
    """

    amounts: tuple[Decimal | None, ...]
    shares: tuple[Decimal, ...]
    taxes: tuple[TaxRow, ...]
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


def line_amount(line: PricedLine) -> Decimal | None:
    """Quantity times price less the line's discount, in whole cents. Raises TooMuchDiscount."""
    if line.unit_price is None:
        return None
    full = round2(line.quantity * line.unit_price)
    if not ZERO <= line.discount <= full:
        raise TooMuchDiscount(str(line.discount))
    return full - line.discount


def order_totals(lines: Sequence[PricedLine], *, prices_include_tax: bool, discount: Decimal = ZERO) -> Totals:
    """Add up an order. `discount` is off the whole, shared out over the lines. Raises TooMuchDiscount."""
    before = [line_amount(line) for line in lines]
    priced = [amount for amount in before if amount is not None]
    if len(priced) < len(before):
        return Totals(tuple(before), tuple(ZERO for _ in lines), (), None, None, None)
    if not ZERO <= discount <= sum(priced, ZERO):
        raise TooMuchDiscount(str(discount))
    shares = share_out(discount, priced) if priced else []
    amounts = [amount - share for amount, share in zip(priced, shares, strict=True)]
    per_code: dict[str, Decimal] = {}
    for line, amount in zip(lines, amounts, strict=True):
        per_code[line.tax_code] = per_code.get(line.tax_code, ZERO) + amount
    taxes = tuple(row for code, amount in per_code.items() for row in _rows(code, amount, is_gross=prices_include_tax))
    nets = {row.tax_code: row.taxable for row in taxes}
    net, tax = sum(nets.values(), ZERO), sum((row.tax for row in taxes), ZERO)
    return Totals(tuple(amounts), tuple(shares), taxes, net, tax, net + tax)


def _rows(code: str, amount: Decimal, *, is_gross: bool) -> list[TaxRow]:
    parts = CODES[code].parts
    net = round2(amount / (1 + CODES[code].rate / 100)) if is_gross else amount
    taxes = [round2(net * part.rate / 100) for part in parts]
    if is_gross:
        # What the parts leave of the gross amount is the last one's, which is the largest in Quebec.
        taxes[-1] = amount - net - sum(taxes[:-1], ZERO)
    return [TaxRow(code, part.name, part.rate, net, tax) for part, tax in zip(parts, taxes, strict=True)]
