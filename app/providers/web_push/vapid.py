"""Make the VAPID token that proves to a push service who we are (RFC 8292). Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from app.providers.web_push.encryption import point_of, to_base64url

TOKEN_SECONDS = 12 * 3600  # push services refuse more than a day


@dataclass(frozen=True)
class OwnKey:
    """Our signing key. `public` is its public point in base64url, which the browsers get."""

    private: ec.EllipticCurvePrivateKey = field(repr=False)
    public: str


def authorization(key: ec.EllipticCurvePrivateKey, *, endpoint: str, contact: str, now_seconds: int) -> str:
    """Return the `Authorization` header for one endpoint. `contact` is a mailto: or https: address of the operator."""
    parts = urlsplit(endpoint)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": now_seconds + TOKEN_SECONDS, "sub": contact}
    signed = f"{_part({'typ': 'JWT', 'alg': 'ES256'})}.{_part(claims)}"
    r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = to_base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    return f"vapid t={signed}.{signature},k={to_base64url(point_of(key.public_key()))}"


def _part(content: dict[str, object]) -> str:
    return to_base64url(json.dumps(content, separators=(",", ":")).encode())
