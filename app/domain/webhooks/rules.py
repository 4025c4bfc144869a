"""Check what people enter for an endpoint: URL, headers, event types. Pure.

The checks run when the endpoint is saved. Headers are also checked when a message is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit, urlunsplit

from app.core.text import mark as N_
from app.domain.webhooks.models import MAX_URL

MAX_HEADERS, MAX_HEADER_BYTES = 20, 4096
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_VALUE = re.compile(r"[\x20-\x7e\t]*")
_EVENT_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)*")
_OF_LINE = ("host", "te", "trailer", "connection", "keep-alive", "upgrade", "expect", "date", "transfer-encoding", "forwarded")
_OF_BODY = ("content-length", "content-type", "content-encoding", "idempotency-key")
_OURS = frozenset((*_OF_LINE, *_OF_BODY, "proxy-authorization", "proxy-authenticate", "user-agent", "cookie"))
_OUR_PREFIXES = ("webhook-", "x-chargecars-", "x-webhook-", "x-forwarded-", "x-real-ip", "sec-")


class BadEndpoint(ValueError):
    """Raised when a value that was entered is wrong. `field` is the name of its field; the message says what to do."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def checked_url(url: str, *, allows_http: bool, ports: Collection[int]) -> str:
    """Return the URL in the form to store, with its host in ASCII. Raises BadEndpoint.

    The IP address is not checked here but when the URL is called.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = (parts.hostname or "").encode("idna").decode().lower(), parts.port
    except (ValueError, UnicodeError):
        raise BadEndpoint("url", N_("Invalid URL. Enter one like https://example.com/hooks.")) from None
    if not host or parts.scheme not in ("http", "https") or re.search(r"[\x00-\x20\x7f\\]", url.strip()):
        raise BadEndpoint("url", N_("Invalid URL. Enter one like https://example.com/hooks."))
    if parts.scheme == "http" and not allows_http:
        raise BadEndpoint("url", N_("Use an https:// URL, because we send customer data to it."))
    if "@" in parts.netloc:
        raise BadEndpoint("url", N_("Remove the user name and password from the URL; use a header instead."))
    if parts.fragment:
        raise BadEndpoint("url", N_("Remove “#” and everything after it: we never send that part."))
    if port is not None and port not in ports and not allows_http:
        raise BadEndpoint("url", N_("This port is not allowed. Use 443."))
    if len(url) > MAX_URL:
        raise BadEndpoint("url", N_("The address is too long: at most 2,048 characters."))
    where = f"[{host}]" if ":" in host else host
    return urlunsplit(parts._replace(netloc=f"{where}:{port}" if port else where))


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that the receiver wants in addition to ours, after checking them. Raises BadEndpoint."""
    if len(headers) > MAX_HEADERS:
        raise BadEndpoint("headers", N_("At most 20 headers."))
    for name, value in headers.items():
        low = name.lower()
        if not _TOKEN.fullmatch(name):
            raise BadEndpoint("headers", N_("Header name: use at most 64 letters, digits and hyphens."))
        if low in _OURS or low.startswith(_OUR_PREFIXES):
            raise BadEndpoint("headers", N_("We set this header ourselves. Use another name."))
        if not _VALUE.fullmatch(value) or len(value) > MAX_HEADER_BYTES:
            raise BadEndpoint("headers", N_("Header value: at most 4,096 plain characters on one line."))
    if len({name.lower() for name in headers}) < len(headers):
        raise BadEndpoint("headers", N_("Duplicate header."))
    return dict(headers)


def checked_header_name(name: str) -> str:
    """Return the name of an additional signature or event header after checking it. "" means no such header. Raises
    BadEndpoint."""
    low = name.lower()
    if name and (not _TOKEN.fullmatch(name) or low in _OURS or low.startswith(("webhook-", "x-forwarded-", "sec-"))):
        raise BadEndpoint("headers", N_("We set this header ourselves. Use another name."))
    return name


def is_event_type(name: str) -> bool:
    """Return whether the text is lower-case words with dots between them."""
    return bool(_EVENT_TYPE.fullmatch(name)) and len(name) <= 64
