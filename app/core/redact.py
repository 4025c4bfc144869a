"""Mask secrets, mail addresses and phone numbers before they reach a log, an error message or a stored header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit

_SECRET_NAME = re.compile(r"auth|cookie|key|password|secret|signature|token", re.IGNORECASE)
_SECRET_VALUE = re.compile(
    r"(?:whsec_|uik_|sw[yp]_|pss_|sk_|SG\.|EAA|eyJ)[\w.\-]+|(?:Bearer|Basic)\s+\S+|[\w.+\-%]{1,100}(?:@|%40)[\w.\-]+|(?<!\w)(?:\+|%2B)?\d{9,15}(?!\w)"
)


def redact_text(text: str) -> str:
    """Return `text` with mail addresses, phone numbers, and secrets of a known format replaced by ***."""
    return _SECRET_VALUE.sub("***", text)


def redact_url(url: str) -> str:
    """Return `url` for a log, without credentials, query values and fragment. Mail addresses, phone numbers and long tokens in
    the path are masked."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(unreadable URL)"
    query = "&".join(f"{name}=***" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    path = "/".join(segment if len(segment) <= 40 else "***" for segment in redact_text(parts.path).split("/"))
    return urlunsplit((parts.scheme, host, path, query, ""))


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` for a log or a delivery record. The values of secret headers are masked completely, others as by
    `redact_text`."""
    return {name: "***" if _SECRET_NAME.search(name) else redact_text(value) for name, value in headers.items()}
