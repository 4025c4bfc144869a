"""Decrypt a pushed message as a browser does, and check our VAPID token as a push service does. Pure functions.

Written independently from RFC 8188, 8291 and 8292. It shares no code with the sender, which it checks.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()


class Unreadable(ValueError):
    """Raised when a browser would not accept the body, or when a push service would not accept the token.

    The exception's text says why.
    """


def encoded(content: bytes) -> str:
    """Return `content` as base64url without padding."""
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def decoded(text: str) -> bytes:
    """Decode base64url, with or without padding. Raises `Unreadable` if the text is not base64url."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Unreadable("not base64url") from error


def public_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return the 65 bytes (uncompressed point) of the public key that belongs to `key`."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def unseal(body: bytes, *, private_key: ec.EllipticCurvePrivateKey, auth: bytes) -> bytes:
    """Decrypt an `aes128gcm` body that has one record. Raises `Unreadable` if it cannot be decrypted."""
    salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20] if len(body) > 20 else 0
    sender, sealed = body[21 : 21 + length], body[21 + length :]
    if length != 65 or size < 18 or len(sealed) > size:
        raise Unreadable("no aes128gcm record of one sender")
    try:
        shared = private_key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
    except ValueError as error:
        raise Unreadable("the sender's key is no point") from error
    info = b"WebPush: info\0" + public_point(private_key) + sender
    secret = _expand(_mac(auth, shared), info, 32)
    pseudo = _mac(salt, secret)
    key, nonce = _expand(pseudo, b"Content-Encoding: aes128gcm\0", 16), _expand(pseudo, b"Content-Encoding: nonce\0", 12)
    try:
        padded = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\0")
    except InvalidTag as error:
        raise Unreadable("sealed for another browser, or damaged") from error
    if not padded.endswith(b"\x02"):
        raise Unreadable("no last record")
    return padded[:-1]


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _expand(pseudo: bytes, info: bytes, length: int) -> bytes:
    return _mac(pseudo, info + b"\x01")[:length]


def check_token(header: str, *, audience: str, now_seconds: float) -> dict[str, Any]:
    """Check a header `vapid t=…, k=…` and return the claims of its token, with the public key under "k".

    Raises `Unreadable` if the signature, the audience, the expiry or the subject is wrong.
    """
    scheme, _, rest = header.partition(" ")
    values = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if scheme.lower() != "vapid" or not {"t", "k"} <= values.keys() or values["t"].count(".") != 2:
        raise Unreadable("no vapid token")
    head, claims, signature = values["t"].split(".")
    raw, said = decoded(signature), json.loads(decoded(claims))
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, decoded(values["k"]))
        key.verify(der, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError) as error:
        raise Unreadable("the signature is not of this key") from error
    if said.get("aud") != audience:
        raise Unreadable(f"aud is {said.get('aud')}, not {audience}")
    if not now_seconds < said.get("exp", 0) <= now_seconds + 86_400:
        raise Unreadable("exp is past, or more than a day away")
    if not str(said.get("sub", "")).startswith(("mailto:", "https:")):
        raise Unreadable("sub is no mailto: or https: address")
    return {**said, "k": values["k"]}
