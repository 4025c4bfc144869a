"""Who gets into the partner API: keys, signatures, networks and limits, each refusal with its code, and why it was in the log."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import revoke_key, rotate_key, switch_partner
from app.domain.partners.models import Environment, PartnerCall, PartnerKey, PartnerNonce
from tests.api.partners.conftest import ORDERS, Gateway, Program, body
from tests.domain.partners.factories import make_partner_key

SIGNED = json.dumps(body()).encode()


def code(answer: object) -> str:
    return str(answer.json["code"])  # type: ignore[attr-defined]


def test_keys_that_do_not_work_are_all_answered_alike(gateway: Gateway) -> None:
    key = gateway.session.get_one(PartnerKey, gateway.live.key.row.id)
    told = []
    for text in ("", "swp_live_nonsense", _mistyped(gateway.live.key.text), f"swp_live_{'0' * 32}3PVS3I"):
        answer = gateway.live.post(body(), headers={"Authorization": f"Bearer {text}"})
        assert (answer.status_code, (answer.headers.get("WWW-Authenticate") or answer.text)[:6]) == (401, "Bearer")
        told.append(answer.json["detail"])  # type: ignore[index]
    revoke_key(gateway.session, key, now=utc_now(), actor=SYSTEM)
    gateway.session.commit()
    answer = gateway.live.post(body())
    assert {*told, answer.json["detail"]} == {told[0]}  # type: ignore[index]
    details = [call.detail for call in gateway.rows(PartnerCall)]
    assert details[:2] == ["No key was sent", "It has a typing error"]
    assert "was revoked on" in details[-1]
    assert gateway.orders() == []


def _mistyped(text: str) -> str:
    return text[:-1] + ("x" if text[-1] != "x" else "y")


def test_two_keys_are_refused_and_the_same_twice_is_one(gateway: Gateway) -> None:
    both = {"X-API-Key": gateway.sandbox.key.text}
    assert code(gateway.live.post(body(), headers=both)) == "two_credentials"
    assert gateway.live.post(body(), headers={"X-API-Key": gateway.live.key.text}).status_code == 201


def test_a_key_opens_its_own_partner_alone(gateway: Gateway) -> None:
    answer = gateway.live.post(body(), "/api/v1/partners/essent/orders")
    nobody = gateway.live.post(body(), "/api/v1/partners/nobody/orders")
    assert (answer.status_code, nobody.status_code) == (404, 404)
    assert answer.json["detail"] == nobody.json["detail"]  # type: ignore[index]
    assert gateway.live.post(body(), f"/api/v1/partners/{gateway.partner.id}/orders").status_code == 201


def test_a_rotated_key_works_beside_the_new_one_until_the_overlap_is_over(gateway: Gateway, app: Flask) -> None:
    key = gateway.session.get_one(PartnerKey, gateway.live.key.row.id)
    with app.app_context():
        keyring = runtime().keyring
    told = {"keyring": keyring, "now": utc_now(), "actor": SYSTEM}
    new = rotate_key(gateway.session, gateway.partner, key, overlap=timedelta(hours=1), **told)  # type: ignore[arg-type]
    gateway.session.commit()
    assert Program(gateway.live.client, new).post(body()).status_code == 201
    assert gateway.live.post(body()).status_code == 200
    key.expires_at = utc_now() - timedelta(seconds=1)
    gateway.session.commit()
    assert gateway.live.post(body()).status_code == 401


def test_a_partner_that_is_off_is_let_in_nowhere(gateway: Gateway) -> None:
    switch_partner(gateway.session, gateway.partner, active=False, now=utc_now(), actor=SYSTEM)
    gateway.session.commit()
    assert gateway.live.post(body()).status_code == 401
    assert gateway.last_call().detail == "The partner is switched off"


def test_a_key_is_used_from_its_networks_alone_and_forged_headers_change_nothing(gateway: Gateway) -> None:
    gateway.partner.allowed_networks = ["203.0.113.0/24", "2001:db8::/32"]
    gateway.session.commit()

    def post_from(address: str, **headers: str) -> int:
        return gateway.live.post(body(), environ_base={"REMOTE_ADDR": address}, headers=headers).status_code

    assert post_from("198.51.100.7") == 403
    assert post_from("198.51.100.7", **{"X-Forwarded-For": "203.0.113.9", "CF-Connecting-IP": "203.0.113.9"}) == 403
    assert post_from("203.0.113.9") == 201
    assert post_from("::ffff:203.0.113.9") == 200
    assert post_from("2001:db8::1") == 200


def test_a_scope_that_is_missing_is_named(gateway: Gateway, app: Flask) -> None:
    with app.app_context():
        key = make_partner_key(gateway.session, gateway.partner, runtime().keyring, scopes=("orders:read",))
    gateway.session.commit()
    answer = Program(gateway.live.client, key).post(body())
    assert (answer.status_code, code(answer)) == (403, "scope_missing")
    assert "orders:write" in answer.json["detail"]  # type: ignore[index]


def test_a_signed_request_is_let_in_once(gateway: Gateway) -> None:
    first = gateway.live.signed(ORDERS, SIGNED, Nonce="0123456789abcdef0123")
    again = gateway.live.signed(ORDERS, SIGNED, Nonce="0123456789abcdef0123")
    assert (first.status_code, again.status_code, code(again)) == (201, 401, "nonce_reused")
    runtime_limits_are_gone(gateway)
    assert code(gateway.live.signed(ORDERS, SIGNED, Nonce="0123456789abcdef0123")) == "nonce_reused"
    count = sa.select(sa.func.count()).select_from(PartnerNonce)
    assert gateway.session.execute(count).scalar_one() == 1


def runtime_limits_are_gone(gateway: Gateway) -> None:
    """Empty Redis: nonces do not lie there."""
    with gateway.live.client.application.app_context():
        runtime().redis.flushdb()


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"Signature": "v1=" + "0" * 64}, "signature_invalid"),
        ({"Signature": "v2=abc"}, "signature_invalid"),
        ({"Signature": "é"}, "signature_invalid"),
        ({"Timestamp": "hello"}, "timestamp_out_of_window"),
        ({"Timestamp": ""}, "signature_missing"),
        ({"Nonce": "short"}, "bad_header"),
    ],
)
def test_a_signature_that_is_sent_must_be_right(gateway: Gateway, changed: dict[str, str], expected: str) -> None:
    answer = gateway.live.signed(ORDERS, SIGNED, **changed)
    assert code(answer) == expected
    assert gateway.orders() == []


def test_time_may_be_five_minutes_off_and_a_refusal_says_what_it_is_here(gateway: Gateway) -> None:
    now = int(time.time())
    assert gateway.live.signed(ORDERS, SIGNED, Timestamp=str(now - 295)).status_code == 201
    assert gateway.live.signed(ORDERS, SIGNED, Timestamp=str(now + 295)).status_code == 200
    answer = gateway.live.signed(ORDERS, SIGNED, Timestamp=str(now - 310))
    assert (answer.status_code, answer.json["window_seconds"]) == (401, 300)  # type: ignore[index]
    assert abs(answer.json["server_time"] - now) < 300  # type: ignore[index]


def test_a_signature_is_of_one_path_and_one_body(gateway: Gateway) -> None:
    right = gateway.live.signed(ORDERS, SIGNED)
    assert right.status_code == 201
    headers = {name: right.request.headers[name] for name in ("X-Signature", "X-Timestamp")}
    moved = {**headers, "X-Nonce": "0123456789abcdef9999"}
    assert (
        code(gateway.live.call("POST", ORDERS, data=SIGNED, content_type="application/json", headers=moved))
        == "signature_invalid"
    )


def test_a_key_that_wants_signatures_takes_nothing_else(gateway: Gateway, app: Flask) -> None:
    with app.app_context():
        key = make_partner_key(gateway.session, gateway.partner, runtime().keyring, requires_signature=True)
    gateway.session.commit()
    program = Program(gateway.live.client, key)
    assert code(program.post(body())) == "signature_missing"
    assert program.signed(ORDERS, SIGNED).status_code == 201


def test_limits_of_a_key_are_told_and_held(gateway: Gateway) -> None:
    gateway.partner.calls_per_minute = 2
    gateway.session.commit()
    first, second, third = (gateway.live.post(body()) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (201, 200, 429)
    assert first.headers["RateLimit-Policy"] == '"key";q=2;w=60'
    assert first.headers["RateLimit"].startswith('"key";r=1;t=')
    assert third.json["violated-policies"] == ["key"]  # type: ignore[index]
    assert third.json["type"].startswith("https://iana.org/")  # type: ignore[index]
    assert int(third.headers["Retry-After"]) >= 1
    assert gateway.sandbox.post(body()).status_code == 201, "another key has a limit of its own"


def test_keys_of_the_sandbox_and_of_live_are_told_apart(gateway: Gateway) -> None:
    assert gateway.live.key.text.startswith("swp_live_")
    assert gateway.sandbox.key.text.startswith("swp_test_")
    assert gateway.sandbox.key.row.environment == Environment.SANDBOX
