"""Essent posts bodies of its own shape, with its key, by the rows that were agreed with it."""

from __future__ import annotations

import json

from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import change_partner, content_of
from tests.api.partners.conftest import Gateway
from tests.domain.partners.test_own_bodies import BODY, ROWS
from tests.factories import NOW

DOOR = "/api/v1/webhooks/partner-orders/groendus"


def agree(gateway: Gateway) -> None:
    content = content_of(gateway.partner)
    changed = type(content)(**{**vars(content), "body_mapping": ROWS})
    change_partner(gateway.session, gateway.partner, changed, now=NOW, actor=SYSTEM)
    gateway.session.commit()


def test_an_order_in_their_shape_is_taken_once_and_kept_as_it_was_sent(gateway: Gateway) -> None:
    agree(gateway)
    first, again = gateway.live.post(BODY, DOOR), gateway.live.post(BODY, DOOR)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json["data"] == first.json["data"]  # type: ignore[index]
    row = gateway.partner_order()
    assert (row.partner_order_id, row.customer_name) == ("7719", "Jan Jansen")
    assert row.payload["own_body"] == BODY
    warned = {one["field"] for one in first.json["warnings"]}  # type: ignore[index]
    assert {"opdracht.campagne", "regels[].kleur"} <= warned
    assert row.unmapped_skus == ["ESS-WALLBOX-22", "ESS-CABLE"]


def test_a_fault_is_named_as_their_field(gateway: Gateway) -> None:
    agree(gateway)
    body = {**BODY, "klant": {**BODY["klant"], "mail": "jan"}}
    answer = gateway.live.post(body, DOOR)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == ["klant.mail"]  # type: ignore[index]
    assert gateway.orders() == []


def test_it_is_sealed_by_the_authentication_of_the_partner(gateway: Gateway) -> None:
    agree(gateway)
    content = json.dumps(BODY).encode()
    assert gateway.live.signed(DOOR, content, Signature="v1=" + "0" * 64).status_code == 401
    assert gateway.live.client.post(DOOR, json=BODY).status_code == 401
    assert gateway.live.signed(DOOR, content).status_code == 201


def test_without_a_mapping_it_is_said_so(gateway: Gateway) -> None:
    answer = gateway.live.post(BODY, DOOR)
    assert (answer.status_code, answer.json["code"]) == (409, "state_conflict")  # type: ignore[index]
