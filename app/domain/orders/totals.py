"""Calculate an order's totals: lines, discounts, and tax per rate, to the cent. Pure. No other code adds up orders.

Tax is calculated per document and rate, never per line: three lines of 10.02 at 21 % make 6.31 of tax, not 6.30. If prices
include tax, the gross amount stays as the customer sees it, and the tax is gross minus net, so that no cent is lost in
rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.core.money import round2, share_out
from app.domain.orders.taxes import CODES

ZERO = Decimal("0.00")


class TooMuchDiscount(ValueError):
    """Raised when a discount is larger than the amount from which it is subtracted."""


@dataclass(frozen=True)
class PricedLine:
    """The values of a line that are needed for totals. If `unit_price` is None, the price is unknown, and the whole order has
    no totals. `discount` is subtracted from the total of the line."""

    quantity: Decimal
    unit_price: Decimal | None
    tax_code: str
    discount: Decimal = ZERO


@dataclass(frozen=True)
class TaxRow:
    """The amount of one tax. `part` is one of the taxes of a tax code. `tax` is the tax on the amount `taxable`, which is
    without tax. `rate` is in per cent."""

    tax_code: str
    part: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """The totals of an order. `amounts`: the amount of each line. `shares`: the share of each line in the order's discount.
    Both are with or without tax, like the prices of the order.

    An amount is None if its line has no price. Then `net`, `tax` and `gross` are None, too, because a missing price does not
    count as 0.
    """

    amounts: tuple[Decimal | None, ...]
    shares: tuple[Decimal, ...]
    taxes: tuple[TaxRow, ...]
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


def line_amount(line: PricedLine) -> Decimal | None:
    """Return quantity times price minus the line's discount, rounded to cents. Return None if the line has no price.

    Raises `TooMuchDiscount` if the discount is larger than the amount or negative.
    """
    if line.unit_price is None:
        return None
    full = round2(line.quantity * line.unit_price)
    if not ZERO <= line.discount <= full:
        raise TooMuchDiscount(str(line.discount))
    return full - line.discount


def order_totals(lines: Sequence[PricedLine], *, prices_include_tax: bool, discount: Decimal = ZERO) -> Totals:
    """Calculate an order's totals. `discount` is an amount for the whole order, which is distributed over the lines.

    Raises `TooMuchDiscount` if it is larger than the sum of the lines, or if the discount of a line is larger than the line.
    """
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
