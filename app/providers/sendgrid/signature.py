"""Verify the signature of SendGrid's posts: ECDSA over time stamp and body bytes (P-256, SHA-256)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from app.contract.base import Headers

SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"


def is_signed(headers: Headers, body: bytes, keys: Sequence[str]) -> bool:
    """Return True if the post is signed by one of the public `keys` (base64 of DER, as SendGrid shows them). Never raises.

    Old time stamps are accepted, because SendGrid may repeat a post for a day with its first time stamp. A repeated report
    changes nothing.
    """
    told = {name.lower(): value for name, value in headers.items()}
    signature, stamp = _decoded(told.get(SIGNATURE, "")), told.get(TIMESTAMP, "")
    if signature is None or not stamp.isascii():
        return False
    signed = stamp.encode() + body
    return any(_fits(key, signature, signed) for key in keys)


def read_public_key(key: str) -> ec.EllipticCurvePublicKey | None:
    """Return the public key in this text. Return None if it is no P-256 key."""
    raw = _decoded("".join(line for line in key.split() if "-" not in line))
    try:
        found = load_der_public_key(raw) if raw else None
    except (ValueError, UnsupportedAlgorithm):
        return None
    is_ours = isinstance(found, ec.EllipticCurvePublicKey) and isinstance(found.curve, ec.SECP256R1)
    return found if is_ours and isinstance(found, ec.EllipticCurvePublicKey) else None


def _fits(key: str, signature: bytes, signed: bytes) -> bool:
    public = read_public_key(key)
    if public is None:
        return False
    try:
        public.verify(signature, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def _decoded(text: str) -> bytes | None:
    """Return the bytes that a base64 text encodes. Return None unless the text is their canonical encoding.

    The last bits of base64 are unused, so other texts would decode to the same bytes.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if raw and base64.b64encode(raw).decode() == text else None
