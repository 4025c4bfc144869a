"""What the register of Dutch addresses is asked and says, and how what was typed compares with it. No database, no HTTP."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from app.domain.addresses.models import Address, CheckStatus

_POSTAL_CODE = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
MOST_CANDIDATES = 20


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


@dataclass(frozen=True)
class Judgement:
    """How an address stands to the register: what it is there, or what it could be."""

    status: CheckStatus
    chosen: Match | None = None
    candidates: tuple[Match, ...] = ()


class Register(Protocol):
    """Whoever can be asked for Dutch addresses."""

    def find(self, question: Question) -> tuple[Match, ...]:
        """All addresses of this number, none where there are none. Raises UnableToAsk."""
        ...


def question_of(address: Address) -> Question | None:
    """What to ask about an address; None for one abroad and for one of which too little is known."""
    number = address.house_number
    if address.country != "NL" or not _NUMBER.fullmatch(number):
        return None
    if _POSTAL_CODE.fullmatch(address.postal_code):
        return Question(number, postal_code=address.postal_code)
    if address.street and address.city and not address.postal_code:
        return Question(number, street=address.street, city=address.city)
    return None


def judge(address: Address, matches: Sequence[Match]) -> Judgement:
    """The one address that says the same, else those to choose from. Letter and addition are written in many ways."""
    if not matches:
        return Judgement(CheckStatus.NONE)
    wanted = bare(address.house_number_addition)
    same = [match for match in matches if bare(match.behind_number) == wanted and _agrees(address, match)]
    if len({match.bag_id for match in same}) == 1:
        return Judgement(CheckStatus.VALID, chosen=same[0])
    return Judgement(CheckStatus.SEVERAL, candidates=tuple((same or list(matches))[:MOST_CANDIDATES]))


def folded(text: str) -> str:
    """For comparing names: no accents, no marks, small letters."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in plain if not unicodedata.combining(c)).split())


def bare(text: str) -> str:
    """What stands behind a number without the marks between: "2-hoog" and "2HOOG" are the same."""
    return folded(text).replace(" ", "")


def _agrees(address: Address, match: Match) -> bool:
    """Whether the town and the street that were typed are those of the postcode; an abbreviated street may be."""
    if address.city and folded(address.city) != folded(match.city):
        return False
    typed, known = folded(address.street), folded(match.street)
    return not typed or typed == known or (len(typed) >= 4 and known.startswith(typed.rstrip(".")))
