"""Find the address of the client that calls us, for rate limits and logs, never for rights."""

from __future__ import annotations

import ipaddress
from functools import cache

from flask import request

from app.core.log import get_logger
from app.core.runtime import runtime

PROXY_HEADERS = ("Forwarded", "Via", "X-Real-Ip")  # and whatever begins with X-Forwarded-
log = get_logger(__name__)


def came_by_proxy() -> bool:
    """Return whether a proxy says that it handed the request on, trusted or not."""
    return any(name.startswith("X-Forwarded-") or name in PROXY_HEADERS for name, _value in request.headers)


def is_of_this_machine() -> bool:
    """Return whether the client itself is on this machine; a proxy that hands requests on is not the client."""
    return _is_loopback(request.remote_addr or "") and not came_by_proxy()


def caller_address() -> str:
    """The address that limits count by, as `network_of` writes it.

    Behind a proxy on this machine that TRUSTED_PROXIES does not name, everybody would be one caller: there it is what that proxy
    added last to X-Forwarded-For. Nobody is believed to be somebody by it.
    """
    address = request.remote_addr or ""
    if _is_loopback(address) and came_by_proxy() and not runtime().settings.trusted_proxies:
        _say_once()
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address
    return network_of(address)


def network_of(address: str | None) -> str:
    """One household has one IPv4 address, but a whole /64 of IPv6 addresses. "unknown" for what is no address."""
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
