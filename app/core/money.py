"""Calculate with money and other exact numbers: round, share out, parse what people type. Only Decimal, never float.

Rounding is half away from zero, like the tax offices of the Netherlands and Quebec and PostgreSQL's `round`. Python's own
`round` and Babel round half to even, so they are not used for amounts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
_SIGNS = re.compile(r"(?i)\b(?:EUR|CAD|USD)\b|CA?\$|[€$\s\u00a0\u202f']")
_WHOLE = re.compile(r"[,.]-{1,2}$")  # "1.249,-"
_NUMBER = re.compile(r"(-?)([0-9]{1,15})((?:[.,][0-9]*)*)")


@dataclass(eq=False)
class UnreadableNumber(Exception):
    """Raised when a text is no number, or is ambiguous. For an ambiguous text, `readings` has its two possible numbers, the
    larger first."""

    text: str
    readings: tuple[Decimal, ...] = ()


def round2(amount: Decimal) -> Decimal:
    """Return the amount in whole cents, rounded half away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def round_places(number: Decimal, places: int) -> Decimal:
    """Return the number with `places` decimals, rounded half away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def share_out(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Divide an amount into parts of whole cents, in proportion to the weights. The parts add up to the amount exactly.

    Each part is rounded down. The missing cents go to the parts from which rounding took most; of equal parts, the first
    gets one. A negative amount is divided like a positive one. Weights must be ≥ 0; if all are 0, the first part is the
    whole amount. Raises `ValueError` without weights.
    """
    if not weights:
        raise ValueError("there is nobody to share with")
    sign, cents = (-1 if amount < 0 else 1), int(abs(round2(amount)) / CENT)
    total = sum(weights, Decimal(0))
    if total == 0:
        return [sign * cents * CENT, *(Decimal("0.00") for _ in weights[1:])]
    wholes = [int(cents * weight // total) for weight in weights]
    rests = [cents * weight % total for weight in weights]
    order = sorted(range(len(weights)), key=lambda place: (-rests[place], place))
    for place in order[: cents - sum(wholes)]:
        wholes[place] += 1
    return [sign * whole * CENT for whole in wholes]


def read_number(text: str) -> Decimal:
    """Return the number that somebody typed, with a comma or a point, spaces or currency signs. Raises `UnreadableNumber`.

    "1.250" and "1,250" are ambiguous and raise, because some readers mean 1250 and others 1.25.
    """
    bare = _SIGNS.sub("", _WHOLE.sub(",00", text.strip()))
    found = _NUMBER.fullmatch(bare)
    if found is None:
        raise UnreadableNumber(text)
    sign, whole, rest = found[1], found[2], found[3]
    groups = re.findall(r"([.,])([0-9]*)", rest)
    if not groups:
        return Decimal(sign + whole)
    *thousands, (mark, decimals) = groups
    if not thousands:
        if len(decimals) == 3 and whole.lstrip("0") and len(whole) <= 3:
            raise UnreadableNumber(text, (Decimal(f"{sign}{whole}{decimals}"), Decimal(f"{sign}{whole}.{decimals}")))
        return _decimal(text, f"{sign}{whole}.{decimals}")
    marks = {one for one, _digits in thousands}
    if len(whole) > 3 or len(marks) > 1 or any(len(digits) != 3 for _mark, digits in thousands):
        raise UnreadableNumber(text)
    whole += "".join(digits for _mark, digits in thousands)
    if mark in marks:  # "1.250.000"
        if len(decimals) != 3:
            raise UnreadableNumber(text)
        return Decimal(sign + whole + decimals)
    return _decimal(text, f"{sign}{whole}.{decimals}")


def _decimal(text: str, plain: str) -> Decimal:
    try:
        return Decimal(plain.rstrip("."))
    except InvalidOperation as error:
        raise UnreadableNumber(text) from error
