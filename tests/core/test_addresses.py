"""Which addresses our own requests may reach: the edges of every network in the table."""

from __future__ import annotations

import pytest

from app.core.addresses import AddressGuard


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
