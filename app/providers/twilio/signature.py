"""Verify the signature of Twilio's posts: HMAC over the address and every field, in base64.

The HMAC covers the configured address (scheme, host, port, path, query; never the fragment). After it, for a form, follow
the names in the order of their bytes, each with its different values in order, without separators. A JSON body is covered by
its SHA-256 in the query instead. Twilio signs the address with or without the default port: both are accepted. Values are
never trimmed. Source: Twilio's security documentation; tests/providers/twilio/test_signature.py compares this with Twilio's
own Python package.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Sequence
from urllib.parse import SplitResult, parse_qs, urlsplit

from app.contract.base import Headers
from app.contract.receive import SignedPost
from app.providers.twilio.form import Pair, read_pairs

SIGNATURE_HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
NEWER = "HMAC_SHA256"
_PORTS = {"https": 443, "http": 80}


def is_signed(post: SignedPost, *, secrets: Sequence[str], shared_key: str = "") -> bool:
    """Tell whether one of the auth tokens in `secrets` signed the post (two during a rotation). Constant time, never raises.

    If the post says that it is signed by the newer algorithm, only `shared_key` counts, so that this claim opens no other
    way in.
    """
    given = header_of(post.headers, SIGNATURE_HEADER).encode("utf-8", "surrogatepass")
    newer = _algorithm(header_of(post.headers, SETTINGS_HEADER)) == NEWER
    keys, digest = ([shared_key], hashlib.sha256) if newer else (list(secrets), hashlib.sha1)
    covered = _covered(post)
    if covered is None:
        return False
    matches = [hmac.compare_digest(given, _mac(key, url, covered, digest)) for key in keys if key for url in _spellings(post.url)]
    return any(matches)


def sign(secret: str, url: str, pairs: Sequence[Pair] = (), *, algorithm: str = "") -> str:
    """Return the header value that Twilio would send with these fields to this address."""
    return _mac(secret, url, _joined(pairs), hashlib.sha256 if algorithm == NEWER else hashlib.sha1).decode()


def header_of(headers: Headers, name: str) -> str:
    """Return the value of the header with this name, in upper or lower case. Return "" if there is none."""
    return next((value for key, value in headers.items() if key.lower() == name.lower()), "")


def _algorithm(settings: str) -> str:
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm":
            return value.strip().upper()
    return ""


def _covered(post: SignedPost) -> bytes | None:
    """Return the bytes that are signed after the URL. Return None if the signature does not cover the body."""
    kind = header_of(post.headers, "Content-Type").split(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _joined(read_pairs(post.body))
    announced = parse_qs(urlsplit(post.url).query).get("bodySHA256", [""])[0]
    actual = hashlib.sha256(post.body).hexdigest()
    return b"" if hmac.compare_digest(announced.encode("utf-8", "surrogatepass"), actual.encode()) else None


def _joined(pairs: Sequence[Pair]) -> bytes:
    return b"".join(name + value for name, value in sorted(set(pairs)))


def _mac(key: str, url: str, covered: bytes, digest: Callable[[], object]) -> bytes:
    signed = hmac.new(key.encode("utf-8", "surrogatepass"), url.encode("utf-8", "surrogatepass") + covered, digest)  # type: ignore[arg-type]
    return base64.b64encode(signed.digest())


def _spellings(url: str) -> tuple[str, ...]:
    """Return the URL as given, and also with the default port added or removed."""
    whole = url.split("#", 1)[0]
    try:
        parts = urlsplit(whole)
        default, port = _PORTS.get(parts.scheme), parts.port
    except ValueError:
        return (whole,)
    if port is None and default is not None:
        return whole, _at(parts, f"{parts.netloc}:{default}")
    return (whole, _at(parts, parts.netloc.rsplit(":", 1)[0])) if port == default else (whole,)


def _at(parts: SplitResult, netloc: str) -> str:
    """Return the same URL with another host and port (`netloc`)."""
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{netloc}{parts.path}{query}"
