"""Decide which hosts may be called at all, if people typed them or browsers (push) gave them. Pure.

`core/http.py` checks the IP address of the host. A rule is a host ("fcm.googleapis.com"), all hosts below a domain
("*.push.apple.com"), or a whole origin ("http://127.0.0.1:5103"). Only an origin may be without TLS or on another port, for
the simulators of tests and the demo.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

LONGEST_URL = 2_000


def is_allowed(url: str, rules: Sequence[str]) -> bool:
    """Return whether `url` matches one of the rules and has no credentials, fragment or odd characters."""
    if len(url) > LONGEST_URL or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        return False
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").lower(), parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or parts.fragment:
        return False
    origin = f"{parts.scheme}://{parts.netloc.lower()}"
    return any(
        _fits(rule.strip().lower(), origin=origin, host=host, is_plain=parts.scheme == "https" and port in (None, 443))
        for rule in rules
    )


def _fits(rule: str, *, origin: str, host: str, is_plain: bool) -> bool:
    if "://" in rule:
        return origin == rule.rstrip("/")
    if not is_plain:
        return False
    return host.endswith(rule[1:]) and len(host) >= len(rule) if rule.startswith("*.") else host == rule
