"""Find which orders a text mentions. Pure: no database.

Numbers in the sender's own text count first, numbers in quotes less. The caller passes only the sender's orders to
`choose_orders`, so a text never leads to another customer's order.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.mail.quoting import own_text

MOST_READ: Final = 20_000
MOST_LINKED: Final = 3
_DASH: Final = r"[\s\-–—_./]{0,3}"
_NUMBER: Final = re.compile(rf"(?<![A-Za-z0-9])([A-Za-z][A-Za-z0-9]{{1,7}}?){_DASH}(20\d\d){_DASH}(\d{{1,7}})(?![A-Za-z0-9])")
_SHORT: Final = re.compile(
    r"\b(?:bestel(?:ling|nummer|nr)|order(?:nummer|number|nr|no)?|opdracht(?:nummer)?|commande|aanvraag|dossier)\b"
    r"\W{0,3}(?:(?:nummer|number|nr|no|n°|numéro|met|is|van)\W{0,3}){0,2}#?\s?(?:(20\d\d)[-/ ])?(\d{2,7})(?![\w-])",
    re.I,
)
_TOKEN: Final = re.compile(r"(?<![\w@+])[A-Za-z0-9](?:[A-Za-z0-9._/-]{2,38})[A-Za-z0-9](?![\w@])")
_YEAR: Final = re.compile(r"(?:19|20)\d\d")


class Because(StrEnum):
    """The reason why a thread is linked with an order."""

    NUMBER = "number"
    REFERENCE = "reference"
    SHORT_NUMBER = "short_number"
    ALMOST = "almost"  # a number with a slip of the fingers
    REPLY = "reply"  # it answers a message about the order
    QUOTED = "quoted"
    ONLY_OPEN = "only_open"
    HAND = "hand"


@dataclass(frozen=True)
class Mentions:
    """What a text mentions. `numbers` have the form of order numbers. `written` are the same numbers as the person wrote them,
    except for the dashes.

    `short` are pairs (year, counter) of numbers without prefix, with the year "" if it is not mentioned. `references` are in
    lower case.
    """

    numbers: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    short: tuple[tuple[str, int], ...] = ()
    references: frozenset[str] = frozenset()

    def beginning_with(self, prefixes: Collection[str]) -> Mentions:
        """Return the mentions, keeping only numbers that begin with one of these prefixes."""
        numbers, written = (
            tuple(number for number in found if number.split("-")[0] in prefixes) for found in (self.numbers, self.written)
        )
        return Mentions(numbers, written, self.short, self.references)


@dataclass(frozen=True)
class TheirOrder:
    """An order of the sender. `references` are the numbers that partners and shops use for the order, in lower case."""

    id: uuid.UUID
    number: str
    references: frozenset[str]
    is_open: bool
    is_customers: bool
    """The sender is the order's customer; else the order is on the sender's account, or came through the sender."""


@dataclass(frozen=True)
class Chosen:
    order_id: uuid.UUID
    because: Because
    said: str
    """The words of the text by which the order was found."""


def read_mentions(subject: str, text: str) -> tuple[Mentions, Mentions]:
    """Return the mentions in the sender's own text, and those in the rest (quotes, signature)."""
    text = text[:MOST_READ]
    said = f"{subject}\n{own_text(text)}"
    return _mentions(said), _mentions(text)


def choose_orders(
    said: Mentions,
    quoted: Mentions,
    orders: Sequence[TheirOrder],
    *,
    others: Collection[str],
    answered: Collection[uuid.UUID] = (),
    is_linked: bool = False,
) -> list[Chosen]:
    """Return which of the sender's `orders` a message is about, each with the reason.

    `others`: mentioned numbers of orders that belong to somebody else. `answered`: ids of orders of the message that this
    message answers. `is_linked`: the thread already has an order. Then only an explicit mention adds another one.
    """
    named = _by_number(said, orders) or _by_reference(said, orders) or _by_short_number(said, orders)
    if named or is_linked:
        return named[:MOST_LINKED]
    if any(number in others for number in said.numbers):
        return []
    almost = _almost(said, orders)
    if almost:
        return almost
    replied = [order for order in orders if order.id in answered]
    if len(replied) == 1:
        return [Chosen(replied[0].id, Because.REPLY, replied[0].number)]
    in_quote = _by_number(quoted, orders)
    if len(in_quote) == 1:
        return [Chosen(in_quote[0].order_id, Because.QUOTED, in_quote[0].said)]
    unfinished = [order for order in orders if order.is_open and order.is_customers]
    if len(unfinished) == 1 and not said.numbers:
        return [Chosen(unfinished[0].id, Because.ONLY_OPEN, unfinished[0].number)]
    return []


def _mentions(text: str) -> Mentions:
    found = [(match[1].upper(), match[2], match[3]) for match in _NUMBER.finditer(text)]
    numbers = [f"{prefix}-{year}-{int(counter):05d}" for prefix, year, counter in found]
    written = [f"{prefix}-{year}-{counter}" for prefix, year, counter in found]
    short = [(match[1] or "", int(match[2])) for match in _SHORT.finditer(text)]
    tokens = {match[0].lower() for match in _TOKEN.finditer(text)}
    references = frozenset(token for token in tokens if _may_be_reference(token))
    return Mentions(tuple(dict.fromkeys(numbers)), tuple(dict.fromkeys(written)), tuple(dict.fromkeys(short)), references)


def _may_be_reference(token: str) -> bool:
    """Return whether the text may be a reference: it has digits, and is neither a year nor a small number."""
    return any(c.isdigit() for c in token) and not _YEAR.fullmatch(token) and (len(token) >= 5 or not token.isdigit())


def _by_number(said: Mentions, orders: Sequence[TheirOrder]) -> list[Chosen]:
    known = {order.number: order for order in orders}
    return [Chosen(known[number].id, Because.NUMBER, number) for number in said.numbers if number in known]


def _by_reference(said: Mentions, orders: Sequence[TheirOrder]) -> list[Chosen]:
    found = [(order, min(order.references & said.references)) for order in orders if order.references & said.references]
    return [Chosen(order.id, Because.REFERENCE, reference) for order, reference in found]


def _by_short_number(said: Mentions, orders: Sequence[TheirOrder]) -> list[Chosen]:
    """Find orders by their counter without the prefix. If two of the sender's orders have the same counter, find neither."""
    chosen = []
    for year, counter in said.short:
        fits = [order for order in orders if _ends_in(order.number, year, counter)]
        if len(fits) == 1:
            chosen.append(Chosen(fits[0].id, Because.SHORT_NUMBER, f"{counter}"))
    return chosen


def _ends_in(number: str, year: str, counter: int) -> bool:
    _prefix, of_year, last = number.rsplit("-", 2)
    return last.isdecimal() and int(last) == counter and year in ("", of_year)


def _almost(said: Mentions, orders: Sequence[TheirOrder]) -> list[Chosen]:
    """Find the order whose number differs by one typing error, if there is only one."""
    for number in (*said.numbers, *said.written):
        fits = [order for order in orders if is_one_slip(number, order.number)]
        if len(fits) == 1:
            return [Chosen(fits[0].id, Because.ALMOST, number)]
    return []


def is_one_slip(a: str, b: str) -> bool:
    """Return whether two numbers differ by one typing error: a character more, less or changed, or two swapped neighbours."""
    if a == b or abs(len(a) - len(b)) > 1:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    rest_a, rest_b = a[start:], b[start:]
    if len(a) != len(b):
        longer, shorter = (rest_a, rest_b) if len(a) > len(b) else (rest_b, rest_a)
        return longer[1:] == shorter
    return rest_a[1:] == rest_b[1:] or (rest_a[:2] == rest_b[1::-1] and rest_a[2:] == rest_b[2:])
