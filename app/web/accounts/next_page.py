"""Decide which page opens after sign-in. It is always a page of ours, whatever the URL says."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# Browsers take "\" for "/" and drop tabs and line ends, so "/\evil.example" and "/\t/evil.example" lead away.
_ODD = re.compile(r"[\x00-\x20\x7f\\]")


def own_path(text: str | None) -> str | None:
    """Return `text` if it is a path (with query) on this host, else None."""
    if not text or not text.startswith("/") or text.startswith("//") or _ODD.search(text):
        return None
    try:
        parts = urlsplit(text)
    except ValueError:
        return None
    return text if not parts.scheme and not parts.netloc else None
