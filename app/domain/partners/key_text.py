"""Create and check the text of a partner key. All functions are pure, except that `new_key_texts` uses random bytes.

A key is "swp_test_" or "swp_live_" (a prefix that secret scanners recognise), 32 random characters in base 62 (190 bits),
and 6 characters with the CRC-32 checksum of everything before.
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
    """A partner key and the secret for signing requests. The whole text of `signing_secret` is used as the HMAC key."""

    key: str
    signing_secret: str


def new_key_texts(environment: Environment) -> KeyTexts:
    """Return a new random key and signing secret."""
    return key_texts_from(environment, secrets.token_bytes(RANDOM_BYTES))


def key_texts_from(environment: Environment, random_bytes: bytes) -> KeyTexts:
    """Derive the key from the first half of `random_bytes`, and the signing secret from the second half.

    There must be `RANDOM_BYTES` bytes (else ValueError). Treat the bytes as a secret: they determine the key.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"takes {RANDOM_BYTES} bytes")
    number, digits = int.from_bytes(random_bytes[: RANDOM_BYTES // 2]), ""
    for _ in range(_RANDOM_CHARACTERS):
        number, digit = divmod(number, len(_DIGITS))
        digits += _DIGITS[digit]
    body = PREFIXES[environment] + digits
    return KeyTexts(body + checksum(body), SECRET_PREFIXES[environment] + random_bytes[RANDOM_BYTES // 2 :].hex())


def is_key_text(text: str) -> bool:
    """Return True if the text has the format and checksum of a key. A key with a typing error is then refused without a query."""
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
    """Return the hash under which a key is stored. A plain SHA-256 is enough, because a key has 190 random bits."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def shown_of(text: str) -> str:
    """Return the shortened key, such as swp_live_7Kq9…c41e. Only this form is shown after the key was created."""
    prefix = next(one for one in PREFIXES.values() if text.startswith(one))
    return f"{text[: len(prefix) + 4]}…{text[-4:]}"
