"""Addresses held against the register: what it says, and that its silence says nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import urllib3
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.addresses.actions import NotAChoice, choose_candidate
from app.domain.addresses.jobs import MOST_TURN_SECONDS, check_addresses
from app.domain.addresses.models import Address, AddressLookup, CheckStatus
from app.domain.addresses.pace import MOST_A_SECOND
from app.domain.events.actions import SYSTEM
from app.sandbox.simulators.common import RunningServer
from tests.domain.addresses.conftest import look_up, order_fault, seen_requests
from tests.factories import NOW

Check = Callable[..., Address]
BROKEN: list[dict[str, Any]] = [
    {"status": 429, "headers": {"Retry-After": "7"}},
    {"status": 500},
    {"status": 503, "body": "<h1>Down</h1>"},
    {"status": 200, "body": "<html>Welcome</html>"},
    {"status": 200, "body": {"response": {"numFound": "many", "docs": []}}},
    {"status": 200, "body": {"response": None}},
    {"status": 200, "body": []},
    {"status": 200, "body": {"response": {"numFound": 3, "docs": []}}},
    {"status": 200, "body": {"response": {"numFound": 1, "docs": [{"type": "adres", "huisnummer": 99, "postcode": "9999ZZ"}]}}},
    {"status": 302, "headers": {"Location": "/elsewhere"}},
    {"truncate": 10},
    {"drop_connection": True},
    {"delay_s": 3.2},
]


@pytest.mark.parametrize(
    ("typed", "status", "found"),
    [
        ("Kerkstraat 12, 1234AB Amsterdam", CheckStatus.VALID, "Kerkstraat 12, 1234AB Amsterdam"),
        ("kerkstr. 12 a2, 1234 ab amsterdam", CheckStatus.VALID, "Kerkstraat 12A-2, 1234AB Amsterdam"),
        ("Kerkstraat 12-BIS, 1234AB Amsterdam", CheckStatus.VALID, "Kerkstraat 12-bis, 1234AB Amsterdam"),
        ("Kerkstraat 12, Leeuwarden", CheckStatus.VALID, "Kerkstraat 12, 8911XY Leeuwarden"),
        ("'s-Gravelandseweg 3, Hilversum", CheckStatus.VALID, "'s-Gravelandseweg 3, 1211BR Hilversum"),
        ("Kerkstraat 12 C, 1234AB Amsterdam", CheckStatus.SEVERAL, None),
        ("Molenweg 7, 3511CD Utrecht", CheckStatus.SEVERAL, None),
        ("Hoek Noord 5, 5611AA Eindhoven", CheckStatus.VALID, "Hoek Noord 5, 5611AA Eindhoven"),
        ("5, 5611AA Eindhoven", CheckStatus.SKIPPED, None),
        ("Kerkstraat 12, 1234AB Rotterdam", CheckStatus.SEVERAL, None),
        ("Schoolstraat 999, 2312GH Leiden", CheckStatus.NONE, None),
        ("Rue Neuve 3, Bruxelles, Belgium", CheckStatus.SKIPPED, None),
        ("achter de kerk", CheckStatus.SKIPPED, None),
    ],
)
def test_the_register_says_what_an_address_is(check: Check, typed: str, status: CheckStatus, found: str | None) -> None:
    address = check(typed)
    assert (address.check_status, address.state, address.typed) == (status, "done", typed)
    register = address.register
    shown = f"{register['street']} {register['house_number']}{register['letter']}" if register else None
    assert (found or "").startswith(shown or "")
    assert (register is None) == (found is None)
    assert (len(address.candidates) > 0) == (status == CheckStatus.SEVERAL)


def test_longitude_and_latitude_are_not_swapped_and_zeros_stay(check: Check) -> None:
    register = check("Kerkstraat 123, 1234AB Amsterdam").register
    assert register is not None
    assert (register["latitude"], register["longitude"]) == (52.37, 4.89)
    assert len(register["bag_id"]) == 16
    without = check("Schoolstraat 1, 2312GH Leiden").register
    assert without is not None
    assert without["latitude"] is None


@pytest.mark.parametrize("fault", BROKEN, ids=str)
def test_an_outage_is_never_read_as_no_such_address(
    check: Check, pdok: RunningServer, db_session: Session, fault: dict[str, Any]
) -> None:
    order_fault(pdok, fault)
    address = check("Kerkstraat 12, 1234AB Amsterdam")
    assert (address.check_status, address.state, address.attempts) == (CheckStatus.WAITING, "ready", 1)
    assert address.last_error
    assert db_session.execute(sa.select(AddressLookup)).first() is None
    wait = address.run_at - db_session.execute(sa.select(sa.func.now())).scalar_one()
    assert timedelta(seconds=2) < wait < timedelta(seconds=20)
    address.run_at = NOW - timedelta(days=900)
    db_session.commit()
    assert look_up(db_session, address).check_status == CheckStatus.VALID


def test_an_outage_that_lasts_is_waited_for_without_end(check: Check, pdok: RunningServer, db_session: Session) -> None:
    order_fault(pdok, {"status": 500})
    address = check("Kerkstraat 12, 1234AB Amsterdam", attempts=500)
    assert (address.check_status, address.state) == (CheckStatus.WAITING, "ready")


def test_whoever_waits_for_others_to_ask_comes_back_less_and_less_often(
    check: Check, pdok: RunningServer, db_session: Session
) -> None:
    address = check("Kerkstraat 12, 1234AB Amsterdam", run_at=NOW + timedelta(days=9_000))  # not yet
    waits = []
    for attempts in (0, 9, 500):
        address.run_at, address.attempts = NOW - timedelta(days=900), attempts
        db_session.commit()
        for second in range(int(time.time()), int(time.time()) + 20):
            runtime().redis.set(f"register:{second}", MOST_A_SECOND, ex=60)
        check_addresses(row_ids=[str(address.id)])
        db_session.refresh(address)
        waits.append(address.run_at - db_session.execute(sa.select(sa.func.clock_timestamp())).scalar_one())
    assert (address.check_status, seen_requests(pdok)) == (CheckStatus.WAITING, [])
    least, more, most = waits
    assert least <= timedelta(seconds=1) < more <= timedelta(seconds=10) < most <= timedelta(seconds=MOST_TURN_SECONDS)


def test_the_register_is_asked_once_for_all_of_a_number_with_filters_alone(check: Check, pdok: RunningServer) -> None:
    for behind in ("", " A", " bis"):
        assert check(f"Kerkstraat 12{behind}, 1234AB Amsterdam").check_status == CheckStatus.VALID
    (asked,) = seen_requests(pdok)
    for part in ("q=%2A", "fq=type%3Aadres", "fq=huisnummer%3A12", "fq=postcode%3A1234AB"):
        assert part in asked["query"], part


def test_nothing_is_kept_for_a_day_only(check: Check, pdok: RunningServer, db_session: Session) -> None:
    check("Schoolstraat 999, 2312GH Leiden")
    check("Schoolstraat 1, 2312GH Leiden")
    kept = db_session.execute(sa.select(AddressLookup).order_by(AddressLookup.key)).scalars().all()
    days = [(row.expires_at - row.asked_at).days for row in kept]
    assert days == [30, 1]
    db_session.execute(sa.update(AddressLookup).values(expires_at=NOW - timedelta(days=900)))
    db_session.commit()
    check("Schoolstraat 999, 2312GH Leiden")
    assert len(seen_requests(pdok)) == 3


def test_a_person_chooses_one_of_several(check: Check, db_session: Session) -> None:
    address = check("Molenweg 7, 3511CD Utrecht")
    chosen = address.candidates[1]
    with pytest.raises(NotAChoice):
        choose_candidate(db_session, address.id, "0000000000000000", now=NOW, actor=SYSTEM)
    choose_candidate(db_session, address.id, chosen["bag_id"], now=NOW, actor=SYSTEM)
    assert (address.check_status, address.register, address.candidates) == (CheckStatus.VALID, chosen, [])
    assert address.typed == "Molenweg 7, 3511CD Utrecht"


def test_the_simulator_refuses_what_the_service_refuses_and_finds_nonsense_in_free_text(pdok: RunningServer) -> None:
    http = urllib3.PoolManager()
    assert http.request("GET", f"{pdok.url}/free?q=x&nonsense=1").status == 400
    assert http.request("GET", f"{pdok.url}/suggest").status == 400
    far = http.request("GET", f"{pdok.url}/free?q=1234XX&fq=type:adres").json()["response"]["docs"]
    assert far[0]["postcode"] == "9717GD"
