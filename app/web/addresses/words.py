"""Put the register's answers about addresses into words. No database."""

from __future__ import annotations

from typing import Any

from app.contract.address_register import Match
from app.core.translation import gettext as _
from app.core.translation import mark as N_
from app.domain.addresses.models import CheckStatus

CHECKS = {
    CheckStatus.WAITING: N_("Address not checked yet"),
    CheckStatus.VALID: N_("Valid address"),
    CheckStatus.SEVERAL: N_("Several addresses possible"),
    CheckStatus.NONE: N_("Not in the address register"),
    CheckStatus.SKIPPED: N_("Address cannot be checked"),
}
_TONES = {CheckStatus.VALID: "done", CheckStatus.SEVERAL: "due", CheckStatus.NONE: "overdue"}


def address_check_words(value: str) -> str:
    return _(CHECKS[CheckStatus(value)])


def address_check_tone(value: str) -> str:
    return _TONES.get(CheckStatus(value), "")


def match_words(match: dict[str, Any]) -> str:
    """Return a stored match of the address register (a dict of `Match`) as an address in one line."""
    return Match(**match).words


FILTERS = {
    "address_check_words": address_check_words,
    "address_check_tone": address_check_tone,
    "match_words": match_words,
}
