"""Distinguish phone numbers that can be called from senders that only look like a number."""

from __future__ import annotations

import re

from app.contract.base import Identity, IdentityKind, Party

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
# What networks write for a caller who hides: "anonymous", "restricted", "unavailable", "unknown" spelled on a keypad.
_HIDDEN = frozenset({"+266696687", "+7378742833", "+8656696", "+86282452253", "+2562533"})


def number_of(text: str) -> str:
    """Return the text if it is a number in E.164. Return "" for anything else: anonymous, client:, sip:, a name, a short code."""
    cleaned = text.strip()
    return cleaned if _NUMBER.fullmatch(cleaned) and cleaned not in _HIDDEN else ""


def party_of(text: str) -> Party:
    """Return the other party of a message or call. Only a number makes an identity; a name is just shown."""
    number = number_of(text)
    if number:
        return Party((Identity(IdentityKind.PHONE, number),))
    return Party(name="" if is_hidden(text) else text.strip()[:200])


def is_hidden(text: str) -> bool:
    """Return whether the caller hides their number."""
    return text.strip().lower() in ("", "anonymous", "restricted", "unavailable", "unknown") or text.strip() in _HIDDEN
