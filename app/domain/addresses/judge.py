"""Decide what to ask the register about an address, and compare its answer with what was typed. No database, no HTTP."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.contract.address_register import Match, Question, folded
from app.domain.addresses.models import Address, CheckStatus

_POSTAL_CODE = re.compile(r"[1-9][0-9]{3}[A-Z]{2}")
_NUMBER = re.compile(r"[1-9][0-9]{0,4}")
MOST_CANDIDATES = 20


@dataclass(frozen=True)
class Judgement:
    """The result of comparing an address with the register. `chosen` is the matching address of the register; `candidates` are
    possible addresses if no single one matches."""

    status: CheckStatus
    chosen: Match | None = None
    candidates: tuple[Match, ...] = ()


def question_of(address: Address) -> Question | None:
    """Return the question to ask the register about an address; None for an address abroad or with too few parts."""
    number = address.house_number
    if address.country != "NL" or not _NUMBER.fullmatch(number):
        return None
    if _POSTAL_CODE.fullmatch(address.postal_code):
        return Question(number, postal_code=address.postal_code)
    if address.street and address.city and not address.postal_code:
        return Question(number, street=address.street, city=address.city)
    return None


def judge(address: Address, matches: Sequence[Match]) -> Judgement:
    """Compare an address with the register's answer. If exactly one address matches, it is `chosen`; otherwise the possible
    addresses are the `candidates`.

    House letters and additions are compared without spaces, punctuation and case.
    """
    if not matches:
        return Judgement(CheckStatus.NONE)
    wanted = bare(address.house_number_addition)
    same = [match for match in matches if bare(match.behind_number) == wanted and _agrees(address, match)]
    if len({match.bag_id for match in same}) == 1:
        return Judgement(CheckStatus.VALID, chosen=same[0])
    return Judgement(CheckStatus.SEVERAL, candidates=tuple((same or list(matches))[:MOST_CANDIDATES]))


def bare(text: str) -> str:
    """Return the addition of a house number without spaces, punctuation and case: "2-hoog" and "2HOOG" become the same."""
    return folded(text).replace(" ", "")


def _agrees(address: Address, match: Match) -> bool:
    """Return whether the typed town and street agree with the register's; the street may be abbreviated or missing."""
    if address.city and folded(address.city) != folded(match.city):
        return False
    typed, known = folded(address.street), folded(match.street)
    return not typed or typed == known or (len(typed) >= 4 and known.startswith(typed.rstrip(".")))
