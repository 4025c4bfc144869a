"""Sign and verify partners' requests. The signature covers method, path, query, timestamp, nonce and body.

canonical = "v1" LF METHOD LF raw path LF raw query LF timestamp LF nonce LF hex(SHA-256(body)). The signature is
hex(HMAC-SHA256(secret as shown to the partner, canonical)). The timestamp may differ from our clock by at most 300 s. Pure;
signatures are compared in constant time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass

TOLERANCE_SECONDS = 300
NONCE_KEPT_SECONDS = 2 * TOLERANCE_SECONDS
NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_VERSION = "v1="


@dataclass(frozen=True)
class SignedRequest:
    """A request as it was sent. `path` and `query` are still percent-encoded. `query` has no leading "?"."""

    method: str
    path: str
    query: str
    timestamp: str
    nonce: str
    body: bytes


def sign(request: SignedRequest, secret: str) -> str:
    """Return the signature of a request: the value of the header X-Signature."""
    return _VERSION + _digest(request, secret)


def is_signed(request: SignedRequest, given: str, secrets: Sequence[str]) -> bool:
    """Return True if `given` has a signature made with one of the secrets. Several signatures are separated by spaces or
    commas."""
    found = [one.removeprefix(_VERSION) for one in re.split(r"[ ,]+", given) if one.startswith(_VERSION)]
    made = [_digest(request, secret) for secret in secrets if secret]
    matches = [hmac.compare_digest(one.encode("utf-8", "replace"), mine.encode()) for one in found for mine in made]
    return any(matches)


def is_of_now(timestamp: str, *, now_seconds: float) -> bool:
    """Return True if the text is a time in Unix seconds that differs from `now_seconds` by at most 300 seconds."""
    is_number = timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12
    return is_number and abs(int(now_seconds) - int(timestamp)) <= TOLERANCE_SECONDS


def _digest(request: SignedRequest, secret: str) -> str:
    digest = hashlib.sha256(request.body).hexdigest()
    parts = ("v1", request.method.upper(), request.path, request.query, request.timestamp, request.nonce, digest)
    canonical = "\n".join(parts).encode("utf-8", "surrogateescape")
    return hmac.new(secret.encode(), canonical, hashlib.sha256).hexdigest()
