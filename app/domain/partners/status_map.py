"""Map our order states to a partner's words and back. A state or word without a mapping is skipped and shown as skipped, but
never refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.domain.orders.models import OrderStatus

OUT, IN = "chargecars_to_partner", "partner_to_chargecars"
NO_MAPPING = "no_status_mapping"
MOST_WORDS, WORD_CHARACTERS = 100, 100
# What the documents give; a partner may have other words.
USUAL: dict[str, dict[str, str]] = {
    OUT: {
        OrderStatus.NEW.value: "RECEIVED",
        OrderStatus.APPROVED.value: "CONFIRMED",
        OrderStatus.IN_PROGRESS.value: "IN_PROGRESS",
        OrderStatus.COMPLETED.value: "DELIVERED",
    },
    IN: {
        "RECEIVED": OrderStatus.NEW.value,
        "CONFIRMED": OrderStatus.APPROVED.value,
        "IN_PROGRESS": OrderStatus.IN_PROGRESS.value,
        "DELIVERED": OrderStatus.COMPLETED.value,
    },
}


class WrongMapping(ValueError):
    """Raised when a mapping is malformed or names a state that we do not have. The message says what is wrong."""


def their_word(mapping: Mapping[str, Any], status: OrderStatus) -> str | None:
    """Return the partner's word for our status. Return None if the mapping has no word for it."""
    word = (mapping.get(OUT) or {}).get(status.value)
    return word if isinstance(word, str) and word else None


def our_status(mapping: Mapping[str, Any], word: str) -> OrderStatus | None:
    """Return our status for the partner's word. Return None if the mapping does not have the word."""
    value = (mapping.get(IN) or {}).get(word)
    return next((one for one in OrderStatus if one.value == value), None)


def checked(mapping: Any) -> dict[str, dict[str, str]]:
    """Check the mapping of both directions and return it as it is stored. Raises `WrongMapping`."""
    if not isinstance(mapping, dict):
        raise WrongMapping(f"must have {OUT} and {IN}")
    ours = {one.value for one in OrderStatus}
    found: dict[str, dict[str, str]] = {}
    for way in (OUT, IN):
        words = mapping.get(way, {})
        if not isinstance(words, dict) or len(words) > MOST_WORDS:
            raise WrongMapping(f"{way} must be an object of at most {MOST_WORDS} words")
        for left, right in words.items():
            if not isinstance(right, str) or not left or not right or max(len(left), len(right)) > WORD_CHARACTERS:
                raise WrongMapping(f"{way}: {left!r} must have a word of 1 to {WORD_CHARACTERS} characters")
            status = left if way == OUT else right
            if status not in ours:
                raise WrongMapping(f"{way}: {status!r} is no state of an order; there are {', '.join(sorted(ours))}")
        found[way] = dict(words)
    return found
