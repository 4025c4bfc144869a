"""Calculate an order's totals: lines, discounts, tax per rate, to the cent. Pure; nothing else adds up an order.

Tax is calculated per document and rate, never per line: three lines of 10.02 at 21 % are 6.31, not 6.30. With prices that
include tax, the gross amount stays as the customer sees it and the tax is gross less net, so no cent is lost in rounding.
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
    """A line as totals need it. `unit_price` None: unknown, which leaves the order unpriced. `discount` is off the whole line."""

    quantity: Decimal
    unit_price: Decimal | None
    tax_code: str
    discount: Decimal = ZERO


@dataclass(frozen=True)
class TaxRow:
    """The tax of one part of one tax code: `tax` on the amount `taxable` without tax; `rate` in per cent."""

    tax_code: str
    part: str
    rate: Decimal
    taxable: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """The totals of an order. `amounts` and `shares` (of the order's discount) are by line, with or without tax as its prices
    are.

    An amount is None where its line is unpriced; then `net`, `tax` and `gross` are None, too: a missing price is not 0.
    """

    amounts: tuple[Decimal | None, ...]
    shares: tuple[Decimal, ...]
    taxes: tuple[TaxRow, ...]
    net: Decimal | None
    tax: Decimal | None
    gross: Decimal | None


def line_amount(line: PricedLine) -> Decimal | None:
    """Return quantity times price less the line's discount, in whole cents; None without a price. Raises TooMuchDiscount."""
    if line.unit_price is None:
        return None
    full = round2(line.quantity * line.unit_price)
    if not ZERO <= line.discount <= full:
        raise TooMuchDiscount(str(line.discount))
    return full - line.discount


def order_totals(lines: Sequence[PricedLine], *, prices_include_tax: bool, discount: Decimal = ZERO) -> Totals:
    """Calculate an order's totals. `discount` is off the whole order, shared out over the lines. Raises TooMuchDiscount."""
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
