"""Sign and verify posts to and from scenarios, as Make has no signature: `X-Signature: t=<unix seconds>,v1=<hex>`.

The hex is HMAC-SHA256 over "<t>.<body>". In incoming posts, a hex over the body alone is accepted as well, with or without
"sha256=" before it, because a scenario can compute that with Make's own functions. Pure. Verifying takes constant time and
never raises.
"""

from __future__ import annotations

import hashlib
import hmac
import re

TOLERANCE_SECONDS = 300
_TIMED = re.compile(r"t=([0-9]{1,12}),\s*v1=([0-9a-fA-F]{64})")
_BARE = re.compile(r"(?:sha256=)?([0-9a-fA-F]{64})")


def sign(body: bytes, secret: str, *, now_seconds: int) -> str:
    """Return the value of the header `X-Signature` for this body."""
    return f"t={now_seconds},v1={_hex(secret, f'{now_seconds}.'.encode() + body)}"


def is_signed(body: bytes, header: str, secret: str, *, now_seconds: float) -> bool:
    """Return True if the header is a valid signature of this body. If the header contains a time, it must be recent too."""
    timed, bare = _TIMED.fullmatch(header.strip()), _BARE.fullmatch(header.strip())
    if not secret or (timed is None and bare is None):
        return False
    if timed is not None:
        is_now = abs(now_seconds - int(timed[1])) <= TOLERANCE_SECONDS
        return _same(timed[2], _hex(secret, f"{timed[1]}.".encode() + body)) and is_now
    assert bare is not None
    return _same(bare[1], _hex(secret, body))


def _hex(secret: str, content: bytes) -> str:
    return hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.lower().encode(), wanted.encode())
