"""What a partner's key looks like: a prefix that scanners find, 190 random bits, and a checksum that tells a typing error.

"swp_test_" or "swp_live_", 32 characters of base 62, and the CRC-32 of all before it as 6 more. Pure.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib

from app.domain.partners.models import Environment

PREFIXES = {Environment.SANDBOX: "swp_test_", Environment.LIVE: "swp_live_"}
SECRET_PREFIXES = {Environment.SANDBOX: "pss_test_", Environment.LIVE: "pss_live_"}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS, _CHECK_CHARACTERS = 32, 6


def new_key_text(environment: Environment) -> str:
    """A key nobody can guess."""
    body = PREFIXES[environment] + "".join(secrets.choice(_DIGITS) for _ in range(_RANDOM_CHARACTERS))
    return body + checksum(body)


def new_signing_secret(environment: Environment) -> str:
    """A secret to sign requests with; the whole text is the key of the HMAC."""
    return SECRET_PREFIXES[environment] + secrets.token_hex(32)


def is_key_text(text: str) -> bool:
    """Whether it can be one of our keys at all, so that a typing error costs no query."""
    body, check = text[:-_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    prefix = next((one for one in PREFIXES.values() if text.startswith(one)), None)
    return prefix is not None and len(body) == len(prefix) + _RANDOM_CHARACTERS and text.isascii() and check == checksum(body)


def checksum(body: str) -> str:
    """The CRC-32 of the text in base 62, filled up with zeros."""
    rest, digits = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_CHECK_CHARACTERS, "0")


def hash_of(text: str) -> bytes:
    """What is kept of a key. Enough for 190 random bits: nobody can try them all."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def shown_of(text: str) -> str:
    """What people see of it afterwards: swp_live_7Kq9…c41e."""
    prefix = next(one for one in PREFIXES.values() if text.startswith(one))
    return f"{text[: len(prefix) + 4]}…{text[-4:]}"
