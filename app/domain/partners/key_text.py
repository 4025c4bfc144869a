"""Make and check the text of a partner key: scannable prefix, 190 random bits, checksum.

"swp_test_" or "swp_live_", 32 characters of base 62, and the CRC-32 of all before it as 6 more. Pure.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from dataclasses import dataclass

from app.domain.partners.models import Environment

PREFIXES = {Environment.SANDBOX: "swp_test_", Environment.LIVE: "swp_live_"}
SECRET_PREFIXES = {Environment.SANDBOX: "pss_test_", Environment.LIVE: "pss_live_"}
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS, _CHECK_CHARACTERS = 32, 6
RANDOM_BYTES = 64


@dataclass(frozen=True)
class KeyTexts:
    """A key, and the secret that signs requests with it; the HMAC key is the secret's whole text."""

    key: str
    signing_secret: str


def new_key_texts(environment: Environment) -> KeyTexts:
    """Return a new random key and signing secret."""
    return key_texts_from(environment, secrets.token_bytes(RANDOM_BYTES))


def key_texts_from(environment: Environment, random_bytes: bytes) -> KeyTexts:
    """Derive key and secret from RANDOM_BYTES bytes, half of them each; whoever has the bytes has the key."""
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"takes {RANDOM_BYTES} bytes")
    number, digits = int.from_bytes(random_bytes[: RANDOM_BYTES // 2]), ""
    for _ in range(_RANDOM_CHARACTERS):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    body = PREFIXES[environment] + digits
    return KeyTexts(body + checksum(body), SECRET_PREFIXES[environment] + random_bytes[RANDOM_BYTES // 2 :].hex())


def is_key_text(text: str) -> bool:
    """Return whether the text has the form and checksum of a key, so that a typing error costs no query."""
    body, check = text[:-_CHECK_CHARACTERS], text[-_CHECK_CHARACTERS:]
    prefix = next((one for one in PREFIXES.values() if text.startswith(one)), None)
    return prefix is not None and len(body) == len(prefix) + _RANDOM_CHARACTERS and text.isascii() and check == checksum(body)


def checksum(body: str) -> str:
    """Return the CRC-32 of the text in base 62, padded with zeros."""
    rest, digits = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits.rjust(_CHECK_CHARACTERS, "0")


def hash_of(text: str) -> bytes:
    """Return the stored hash of a key; a plain SHA-256 is enough for 190 random bits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def shown_of(text: str) -> str:
    """Return the shortened key that people see after its creation: swp_live_7Kq9…c41e."""
    prefix = next(one for one in PREFIXES.values() if text.startswith(one))
    return f"{text[: len(prefix) + 4]}…{text[-4:]}"
