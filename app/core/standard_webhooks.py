"""Sign webhooks by Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature`.

A secret is "whsec_" and the Base64 of 24 to 64 bytes. The signed content is the id, the time in Unix seconds and the raw
body, joined by dots. Pure. Verifying takes constant time and never raises.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets as random_secrets
from collections.abc import Mapping, Sequence

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
TOLERANCE_SECONDS = 300
_PREFIX, _VERSION = "whsec_", "v1,"
_KEY_BYTES = range(24, 65)


def new_signing_secret() -> str:
    """Return a new random secret."""
    return _PREFIX + base64.b64encode(random_secrets.token_bytes(32)).decode()


def signed_headers(body: bytes, secrets: Sequence[str], *, message_id: str, now_seconds: int) -> dict[str, str]:
    """Return the three headers, with one signature for each secret, in the order of `secrets` (newest first).

    Return {} if no secret has the right form. `message_id` has no dot and stays the same for every attempt to send the
    message.
    """
    keys = [key for key in map(_key, secrets) if key]
    content = f"{message_id}.{now_seconds}.".encode() + body
    signatures = " ".join(_VERSION + base64.b64encode(_digest(key, content)).decode() for key in keys)
    return {ID: message_id, TIMESTAMP: str(now_seconds), SIGNATURE: signatures} if keys else {}


def plain_signature(body: bytes, secret: str) -> str:
    """Return the HMAC-SHA256 of the body as 64 hex digits, with the text of the whole secret as key. Older receivers check this
    form.

    It does not cover time or id, so it does not stop a replay. Add it to `signed_headers`; never use it alone.
    """
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, headers: Mapping[str, str], secrets: Sequence[str], *, now_seconds: float) -> bool:
    """Return whether one of the secrets signed this body with these headers, and the timestamp is recent. Header names may be
    in any case."""
    low = {name.lower(): value for name, value in headers.items()}
    message_id, at = low.get(ID, ""), low.get(TIMESTAMP, "")
    is_now = at.isascii() and at.isdecimal() and len(at) <= 12 and abs(now_seconds - int(at)) <= TOLERANCE_SECONDS
    if not message_id or not is_now:
        return False
    content = f"{message_id}.{at}.".encode("utf-8", "replace") + body
    given = [found for one in low.get(SIGNATURE, "").split(" ") if (found := _given(one))]
    keys = [key for key in map(_key, secrets) if key]
    matches = [hmac.compare_digest(one, _digest(key, content)) for one in given for key in keys]
    return any(matches)


def _digest(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _key(secret: str) -> bytes | None:
    """Return the key in a secret. Return None if the secret is malformed, too short or too long."""
    key = _decoded(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else None
    return key if key is not None and len(key) in _KEY_BYTES else None


def _given(signature: str) -> bytes | None:
    return _decoded(signature.removeprefix(_VERSION)) if signature.startswith(_VERSION) else None


def _decoded(text: str) -> bytes | None:
    """Return the bytes of a Base64 text. Return None for a text that is not in the canonical form, because several texts can
    mean the same bytes."""
    try:
        found = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if base64.b64encode(found).decode() == text else None
