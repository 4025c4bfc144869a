"""Addresses of the register while somebody types one; typing never waits for a register that does not answer."""

from __future__ import annotations

import time

import pytest

from app.core.runtime import runtime
from app.domain.addresses.pace import MOST_A_SECOND
from app.domain.addresses.suggest import suggest_addresses
from app.sandbox.simulators.common import RunningServer
from tests.domain.addresses.conftest import order_fault, seen_requests
from tests.domain.addresses.test_checks import BROKEN


@pytest.fixture(autouse=True)
def forgotten(pdok: RunningServer) -> None:
    runtime().redis.flushdb()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("kerkstraat 12 leeuw", "Kerkstraat 12, 8911XY Leeuwarden"),
        ("1234 ab 123", "Kerkstraat 123, 1234AB Amsterdam"),
        ("'s-gravelandseweg", "'s-Gravelandseweg 3, 1211BR Hilversum"),
        ("molenweg 7 b", "Molenweg 7B, 3511CD Utrecht"),
    ],
)
def test_what_is_typed_finds_addresses(typed: str, first: str) -> None:
    assert first in suggest_addresses(typed)


@pytest.mark.parametrize("typed", ["", "ke", "9999ZZ 12", "kerkstraat 12 maastricht", "+ - && ||"])
def test_nothing_is_suggested_that_does_not_fit(typed: str) -> None:
    assert suggest_addresses(typed) == ()


def test_the_same_is_asked_once(pdok: RunningServer) -> None:
    assert suggest_addresses("Kerkstraat 12") == suggest_addresses("kerkstraat  12")
    assert len(seen_requests(pdok)) == 1


@pytest.mark.parametrize("fault", [fault for fault in BROKEN if "numFound" not in str(fault)])
def test_a_register_that_fails_suggests_nothing_now_and_something_later(pdok: RunningServer, fault: dict[str, object]) -> None:
    order_fault(pdok, {"match": {"path": "/suggest"}, **fault})
    assert suggest_addresses("Molenweg 7") == ()
    runtime().redis.flushdb()
    assert len(suggest_addresses("Molenweg 7")) == 2


def test_while_others_ask_enough_nothing_is_asked(pdok: RunningServer) -> None:
    for second in range(60):
        runtime().redis.set(f"register:{int(time.time()) + second}", MOST_A_SECOND)
    assert suggest_addresses("Parkweg 20") == ()
    assert seen_requests(pdok) == []
