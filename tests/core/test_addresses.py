"""Which addresses our own requests may reach: the edges of every network in the table."""

from __future__ import annotations

import ipaddress

import pytest

from app.core.addresses import AddressGuard

# The registries' special networks once more, so that one which is lost in the code is missed here.
TABLE = """
    0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24
    192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4
    ::/96 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/32 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 fc00::/7
    fe80::/10 fec0::/10 ff00::/8
"""
NETWORKS = tuple(ipaddress.ip_network(one) for one in TABLE.split())
# Beside the table, and refused all the same: is_global refuses what the registries keep for protocols.
ALSO_REFUSED = {"2001:1::"}


@pytest.mark.parametrize("network", NETWORKS, ids=str)
def test_every_edge_of_the_table_is_where_it_should_be(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> None:
    guard = AddressGuard()
    first, last = network.network_address, network.broadcast_address
    assert [guard.allows(str(one)) for one in (first, first + 1, last - 1, last)] == [False] * 4
    assert [str(one) for one in _outside(network) if not guard.allows(str(one)) and str(one) not in ALSO_REFUSED] == []


def _outside(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """The addresses just before and behind that no other network of the table has."""
    first, last = network.network_address, network.broadcast_address
    beside = ([first - 1] if int(first) else []) + ([last + 1] if int(last) < 2**network.max_prefixlen - 1 else [])
    return [one for one in beside if not any(one.version == other.version and one in other for other in NETWORKS)]


@pytest.mark.parametrize(
    ("clothes", "inside"),
    [
        ("::ffff:{0}", "mapped"), ("::{0}", "compatible"), ("64:ff9b::{0}", "NAT64"), ("64:ff9b:1::{0}", "local NAT64"),
        ("2002:7f00:1::", "6to4"), ("2001:0:7f00:1::", "Teredo server"), ("2001::80ff:fffe", "Teredo client"),
    ],
)  # fmt: skip
def test_an_inner_address_in_other_clothes_is_refused(clothes: str, inside: str) -> None:
    assert not AddressGuard(["127.0.0.2/32"]).allows(clothes.format("127.0.0.1")), inside


def test_public_addresses_have_few_ports_and_allowed_networks_all() -> None:
    guard = AddressGuard(["127.0.0.0/8"], ports=(80, 443))
    assert [guard.allows("1.1.1.1", port) for port in (80, 443, 22, 25, 6379, 8080)] == [True, True, False, False, False, False]
    assert guard.allows("127.0.0.1", 6379)


def test_a_single_place_opens_its_port_and_nothing_beside_it() -> None:
    guard = AddressGuard(places=["127.0.0.1:5111"])
    assert guard.allows("127.0.0.1", 5111)
    assert guard.allows("::ffff:127.0.0.1", 5111)  # the same place in other clothes
    assert not any(
        guard.allows(address, port) for address, port in (("127.0.0.1", 5112), ("127.0.0.2", 5111), ("127.0.0.1", None))
    )


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.1", "169.254.169.254", "172.16.0.0",
        "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.3", "192.168.0.0", "192.168.255.255", "198.18.0.0",
        "198.19.255.255", "198.51.100.1", "203.0.113.9", "224.1.2.3", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::",
        "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001::1",
        "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1",
        "ff02::1", "100.100.100.200", "", "localhost", "127.1",
    ],
)  # fmt: skip
def test_address_that_is_not_public_is_refused(address: str) -> None:
    assert not AddressGuard().allows(address)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0", "169.253.1.1",
        "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
        "223.255.255.255", "::ffff:8.8.8.8", "2606:4700::1111", "2a00:1450::1",
    ],
)  # fmt: skip
def test_public_address_just_outside_the_table_is_allowed(address: str) -> None:
    assert AddressGuard().allows(address)


def test_allowed_network_opens_that_network_alone() -> None:
    guard = AddressGuard(["127.0.0.2/32", "fd00::/8"])

    assert [guard.allows(one) for one in ("127.0.0.2", "127.0.0.3", "fd00::9", "10.0.0.1")] == [True, False, True, False]
