"""Normalise typed email addresses and phone numbers to one spelling."""

from __future__ import annotations

import re

import phonenumbers

HOME_REGION = "NL"
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@[^\s@<>\"(),:;\[\]\\.]+(\.[^\s@<>\"(),:;\[\]\\.]+)+")
_IN_ANGLES = re.compile(r"[^<>:]*<\s*(?:mailto:)?([^<>\s@]+@[^<>\s@]+)\s*>[,;]?", re.IGNORECASE)
_TRUNK_ZERO = re.compile(r"((?:\+|\b00)\s?\d{1,3})\s*\(0\)\s*(?=\d)")


class NotAnAddress(ValueError):
    """An email address or phone number is malformed; the text says what to write."""


def as_searched(pasted: str) -> str:
    """Return a pasted search text in the form in which values are stored. `Name <name@example.nl>` becomes the bare address;
    +31 (0)6 12345678 loses its bracketed zero. Other text is returned as it is."""
    text = pasted.strip()
    address = _IN_ANGLES.fullmatch(text)
    return address[1] if address else _TRUNK_ZERO.sub(r"\1 ", text)


def clean_email(text: str) -> str:
    """Return the address in lower case. Raises NotAnAddress."""
    address = text.strip().lower()
    if not _EMAIL.fullmatch(address) or len(address) > 320:
        raise NotAnAddress("is not an email address, such as name@example.nl")
    return address


def spoken_number(text: str) -> str:
    """Return a phone number in groups after its country code, such as +31 6 12345678; other text as it is."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        return text
    if not phonenumbers.is_possible_number(number):
        return text
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def clean_phone(text: str) -> str:
    """Return a phone number as E.164; without a country code it is taken as Dutch. Raises NotAnAddress."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException as error:
        raise NotAnAddress("is not a phone number, such as +31612345678") from error
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise NotAnAddress("is not a phone number, such as +31612345678")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
