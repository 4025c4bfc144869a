"""Find the client's network address, for rate limits and logs, never to grant access."""

from __future__ import annotations

import ipaddress
from functools import cache

from flask import request

from app.core.log import get_logger
from app.core.runtime import runtime

PROXY_HEADERS = ("Forwarded", "Via", "X-Real-Ip")  # and whatever begins with X-Forwarded-
log = get_logger(__name__)


def came_by_proxy() -> bool:
    """Return whether the headers say that a proxy, trusted or not, forwarded the request."""
    return any(name.startswith("X-Forwarded-") or name in PROXY_HEADERS for name, _value in request.headers)


def is_of_this_machine() -> bool:
    """Return whether the client itself is on this machine. If a proxy on this machine forwarded the request, the answer is
    False."""
    return _is_loopback(request.remote_addr or "") and not came_by_proxy()


def caller_address() -> str:
    """Return the address by which rate limits count, in the form of `network_of`.

    Behind a proxy on this machine, all clients would share one address. If TRUSTED_PROXIES does not name the proxy, the last
    address in X-Forwarded-For is used, which the proxy added. This address proves nothing about the client.
    """
    address = request.remote_addr or ""
    if _is_loopback(address) and came_by_proxy() and not runtime().settings.trusted_proxies:
        _say_once()
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address
    return network_of(address)


def network_of(address: str | None) -> str:
    """Return an IPv4 address unchanged. For IPv6, return the /64 network, which is what one household has. Return "unknown" for
    any other text."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


@cache
def _say_once() -> None:
    log.warning("proxy_not_trusted", advice="set TRUSTED_PROXIES to the number of proxies before this server")
