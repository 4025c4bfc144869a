"""What a register of addresses is asked and what it answers. No database, no HTTP."""

from __future__ import annotations

import unicodedata
from dataclasses import asdict, dataclass
from typing import Any, Protocol


class UnableToAsk(Exception):
    """The register gave no usable answer; this never means that there is no such address. The text has no personal data."""

    def __init__(self, why: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(why)
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True)
class Question:
    """All addresses of one number: in a postcode, or where there is none in a street of a town."""

    house_number: str
    postal_code: str = ""
    street: str = ""
    city: str = ""

    @property
    def key(self) -> str:
        """By which its answer is kept."""
        return "/".join((self.postal_code, folded(self.street), folded(self.city), self.house_number))[:500]


@dataclass(frozen=True)
class Match:
    """One address of the register. `bag_id` is 16 digits, with zeros in front; it may be without a place."""

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
        """The address on one line."""
        behind = f"-{self.addition}" if self.addition else ""
        return f"{self.street} {self.house_number}{self.letter}{behind}, {self.postal_code} {self.city}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Register(Protocol):
    """Whoever can be asked for Dutch addresses; `name` is what people call it."""

    @property
    def name(self) -> str: ...

    def find(self, question: Question) -> tuple[Match, ...]:
        """All addresses of this number, none where there are none. Raises UnableToAsk."""
        ...

    def check(self) -> None:
        """Ask something that it always answers. Raises UnableToAsk."""
        ...


def folded(text: str) -> str:
    """For comparing names: no accents, no marks, small letters."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())
