"""A call that was broken in any way is explained by the portal alone."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import revoke_key
from app.domain.partners.models import Environment
from tests.api.partners.conftest import ORDERS, Program, body
from tests.web.portal.conftest import House

LIVE = Environment.LIVE


def ours(house: House) -> Program:
    return Program(house.desk.client.plain, house.ours.keys[LIVE])


def mistyped(house: House) -> TestResponse:
    text = house.ours.keys[LIVE].text
    return house.desk.client.plain.post(ORDERS, json=body(), headers={"X-API-Key": text[:-1] + ("a" if text[-1] != "a" else "b")})


def ended(house: House) -> TestResponse:
    revoke_key(house.desk.session, house.ours.keys[LIVE].row, now=utc_now(), actor=SYSTEM)
    house.desk.session.commit()
    return ours(house).post(body())


def from_elsewhere(house: House) -> TestResponse:
    house.ours.partner.allowed_networks = ["203.0.113.0/24"]
    house.desk.session.commit()
    return ours(house).post(body())


def without_scope(house: House) -> TestResponse:
    house.ours.keys[LIVE].row.scopes = ["orders:read"]
    house.desk.session.commit()
    return ours(house).post(body())


# How it is broken, how it is answered, and what of the reason the portal shows.
BROKEN: tuple[tuple[Callable[[House], TestResponse], int, str], ...] = (
    (mistyped, 401, "It has a typing error"),
    (ended, 401, "was revoked on"),
    (from_elsewhere, 403, "may not be used from 127.0.0.1"),
    (without_scope, 403, "lacks the scope orders:write"),
    (lambda house: ours(house).signed(ORDERS, b"{}", Signature="v1=" + "0" * 64), 401, "X-Signature is not that of this method"),
    (lambda house: ours(house).signed(ORDERS, b"{}", Timestamp="1"), 401, "X-Timestamp is not within 300 seconds"),
    (lambda house: ours(house).post({"partner_order_id": "GRO-1"}), 422, "customer: "),
    (lambda house: ours(house).call("POST", ORDERS, data="{", content_type="application/json"), 400, "malformed_json"),
    (lambda house: ours(house).get(f"{ORDERS}/GRO-NOBODY/status"), 404, "There is no order of this number"),
    (lambda house: ours(house).get("/api/v1/partners/eneco/orders"), 404, "it is not the one of this key"),
)


@pytest.mark.parametrize(("broken", "status", "why"), BROKEN, ids=[f"{status} {why}" for _broken, status, why in BROKEN])
def test_a_broken_call_is_explained(house: House, broken: Callable[[House], TestResponse], status: int, why: str) -> None:
    answer = broken(house)
    assert answer.status_code == status
    shown = " ".join(re.sub(r"<[^>]+>", " ", html.unescape(house.desk.get("/portal/calls?failed=1"))).split())
    assert why in shown
    assert answer.get_json()["code"] in shown
