"""Decide which network addresses (IP) our own requests may go to.

The table goes further than `ipaddress.is_global`, which on Python 3.11 calls multicast, 6to4 and NAT64 addresses public.
Only resolved addresses are checked, not the spelling of a URL: `127.1` and `2130706433` are refused because the resolver turns
them into 127.0.0.1.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 "
    "192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 "
    "::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16 3fff::/20 "
    "5f00::/16 fc00::/7 fe80::/10 fec0::/10 ff00::/8"
)
REFUSED_NETWORKS = tuple(ipaddress.ip_network(network) for network in _REFUSED.split())
# The metadata services of the big clouds; their addresses are in the table, their name need not resolve there.
REFUSED_NAMES = frozenset({"metadata.google.internal", "metadata", "instance-data"})


class AddressGuard:
    """Decides whether we may connect to an address. Addresses in `allowed_networks` (CIDR) are allowed, with every port, before
    the table is checked.

    `ports` are the only allowed ports of public addresses; an empty collection allows all. `places` are further allowed
    addresses with port, such as "127.0.0.1:5111".
    """

    def __init__(
        self, allowed_networks: Sequence[str] = (), *, ports: Collection[int] = (), places: Collection[str] = ()
    ) -> None:
        self._places = frozenset(places)
        self._allowed = tuple(ipaddress.ip_network(network, strict=False) for network in allowed_networks)
        self._ports = frozenset(ports)

    def allows(self, address: str, port: int | None = None) -> bool:
        """Return whether we may connect to `address`, a numeric IP address. An address that cannot be parsed is refused."""
        try:
            ip = plain_address(address)
        except ValueError:
            return False
        if _inside(ip, self._allowed) or f"{ip}:{port}" in self._places:
            return True
        usual = not self._ports or port is None or port in self._ports
        return usual and ip.is_global and not _inside(ip, REFUSED_NETWORKS)

    def allows_name(self, host: str) -> bool:
        return host.rstrip(".").lower() not in REFUSED_NAMES


def plain_address(address: str) -> IpAddress:
    """Return the address as an object of `ipaddress`. An IPv4 address written as IPv6 (`::ffff:a.b.c.d`) becomes IPv4. Raises
    `ValueError`."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None
    return mapped or ip


def _inside(ip: IpAddress, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    return any(ip.version == network.version and ip in network for network in networks)
