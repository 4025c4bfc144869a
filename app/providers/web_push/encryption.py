"""Encrypt a push message for one browser, so that the push service cannot read it (RFC 8291 over RFC 8188). Pure.

`pywebpush` is not used, because it needs a package that exists only as source, and we install only wheels. This code was
checked against the example of RFC 8291 (tests/providers/web_push/test_encryption.py) and against `http_ece`.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
RECORD_BYTES = 4096
MOST_BODY_BYTES = 4096  # what every push service takes
HEAD_BYTES = 16 + 4 + 1 + 65
MOST_PLAIN_BYTES = MOST_BODY_BYTES - HEAD_BYTES - 16 - 1
AUTH_BYTES = 16


class BadSubscription(ValueError):
    """Raised when the keys of a subscription are invalid."""


class TooMuchToPush(ValueError):
    """Raised when a message is longer than MOST_PLAIN_BYTES."""


@dataclass(frozen=True)
class BrowserKeys:
    """The keys of a browser for encrypting a message to it: its public point (65 bytes) and its secret (16)."""

    p256dh: bytes
    auth: bytes

    @classmethod
    def parse(cls, p256dh: str, auth: str) -> BrowserKeys:
        """Return the keys of a browser, from base64url as in `PushSubscription.toJSON`. Raises BadSubscription."""
        try:
            keys = cls(from_base64url(p256dh), from_base64url(auth))
            ec.EllipticCurvePublicKey.from_encoded_point(CURVE, keys.p256dh)
        except ValueError as error:
            raise BadSubscription("no point of the curve") from error
        if len(keys.p256dh) != 65 or len(keys.auth) != AUTH_BYTES:
            raise BadSubscription("keys of another length")
        return keys


def seal(plain: bytes, keys: BrowserKeys, *, ours: ec.EllipticCurvePrivateKey | None = None, salt: bytes = b"") -> bytes:
    """Encrypt a message and return the body for the push service (`aes128gcm`). Raises TooMuchToPush.

    `ours` and `salt` (16 bytes) are made anew for each message. Only tests pass them.
    """
    if len(plain) > MOST_PLAIN_BYTES:
        raise TooMuchToPush(f"{len(plain)} bytes")
    ours = ours or ec.generate_private_key(CURVE)
    salt = salt or os.urandom(16)
    own_point = point_of(ours.public_key())
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, keys.p256dh)
    shared = ours.exchange(ec.ECDH(), theirs)
    secret = derive(keys.auth, shared, b"WebPush: info\x00" + keys.p256dh + own_point, 32)
    key = derive(salt, secret, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = derive(salt, secret, b"Content-Encoding: nonce\x00", 12)
    sealed = AESGCM(key).encrypt(nonce, plain + b"\x02", None)  # 2: this record is the last
    return salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(own_point)]) + own_point + sealed


def derive(salt: bytes, secret: bytes, info: bytes, length: int) -> bytes:
    """Return a key derived by HKDF with SHA-256."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)


def point_of(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return the 65 bytes of a public key."""
    return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def to_base64url(content: bytes) -> str:
    """Return base64url without padding, as the Web writes it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """Return the bytes of base64url, with or without padding. Raises ValueError."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, UnicodeError) as error:
        raise ValueError("not base64url") from error
