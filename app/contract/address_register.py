"""Questions to a register of addresses and its answers. No database, no HTTP."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class UnableToAsk(Exception):
    """Raised when the register gave no usable answer, so that nobody knows whether the address exists. The message has no
    personal data."""

    def __init__(self, why: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Question:
    """A question for all addresses with one house number in a postcode. Without a postcode, in a street of a town."""

    house_number: str
    postal_code: str = ""
    street: str = ""
    city: str = ""

    @property
    def key(self) -> str:
        """Return the key under which the answer is stored."""
        return "/".join((self.postal_code, folded(self.street), folded(self.city), self.house_number))[:500]


@dataclass(frozen=True)
class Match:
    """One address of the register. `bag_id` is 16 digits with leading zeros. `latitude` and `longitude` are None if unknown."""

    bag_id: str
    street: str
    house_number: str
    letter: str
    addition: str
    postal_code: str
    city: str
    province: str = ""
    latitude: float | None = None
    longitude: float | None = None

    @property
    def behind_number(self) -> str:
        return "-".join(filter(None, (self.letter, self.addition)))

    @property
    def words(self) -> str:
        """Return the address on one line."""
        behind = f"-{self.addition}" if self.addition else ""
        return f"{self.street} {self.house_number}{self.letter}{behind}, {self.postal_code} {self.city}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Register(Protocol):
    """A register that answers questions about Dutch addresses. `name` is the name to show to people."""

    @property
    def name(self) -> str: ...

    def find(self, question: Question) -> tuple[Match, ...]:
        """Return all addresses of the register that match the question, or () if none does. Raises `UnableToAsk`."""
        ...

    def suggest(self, words: str) -> tuple[str, ...]:
        """Return a few addresses, on one line each, for `words` as somebody is typing them. Raises `UnableToAsk`."""
        ...

    def check(self) -> None:
        """Check that the register works, with a question to which there is always an answer. Raises `UnableToAsk` if it does
        not work."""
        ...


def folded(text: str) -> str:
    """Return the text for comparing names: lower case, without accents and punctuation."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())
