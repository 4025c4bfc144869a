"""Scenarios: let in by key or signature, each event once; told what happens here, signed, never inside our walls."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import random
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from standardwebhooks.webhooks import Webhook

from app.core import runtime as installed
from app.core.http import HttpClient
from app.core.runtime import runtime
from app.core.standard_webhooks import signed_headers
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.ingest.models import InboundEvent
from app.domain.integrations.actions import seal_secrets
from app.domain.integrations.make.deliver import ScenarioCall, list_calls, retry_calls
from app.domain.integrations.models import Integration, Provider
from app.domain.orders.actions import set_order_status
from app.domain.orders.models import Order, OrderPayment, OrderSource, OrderStatus, OrderThread
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery
from app.providers.make.parse import SCENARIOS
from app.providers.make.signature import is_signed, sign
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.make import MakeAccount, create_make_app
from tests.domain.integrations.conftest import MAKE_KEY, MAKE_SECRET, Outside
from tests.domain.orders.factories import make_order
from tests.factories import NOW, make_contact
from tests.support.mutations import mutated
from tests.support.providers import OUTSIDE

BODIES = int(os.environ.get("MUTATED_BODIES", "50"))
KEY = {"X_Api_Key": MAKE_KEY}
CREATED: dict[str, Any] = {
    "event_id": "e1",
    "occurred_at": "2026-11-22T09:00:00Z",
    "data": {
        "order_reference": "50F-77",
        "customer": {"name": "Jan Janssen", "email": "jan@example.com", "phone": "0612345678"},
        "address": {"street": "Kerkstraat", "house_number": "12", "postal_code": "1234AB", "city": "Amsterdam"},
        "products": [{"partner_sku": "50F-ZAPPI-7", "description": "Zappi", "quantity": 2}, "Kabel"],
        "notes": "Achterom",
    },
}
PAID = {
    "event_id": "p1",
    "order_number": "50F-77",
    "payment_id": "tr_1",
    "amount": "1.250,00".replace(".", ""),
    "currency": "eur",
}
TOLD: dict[str, dict[str, Any]] = {
    "order-created": CREATED,
    "visit-completed": {"event_id": "v1", "data": {"order_number": "50F-77", "technician": "Kees", "notes": "Alles werkt"}},
    "payment-received": PAID,
    "customer-feedback": {"event_id": "f1", "data": {"order_number": "50F-77", "rating": 9, "comment": "Netjes gedaan"}},
}


def as_given(headers: dict[str, str]) -> dict[str, str]:
    """As the client takes them."""
    return {name.replace("-", "_"): value for name, value in headers.items()}


@pytest.fixture
def make(outside: Outside) -> Integration:
    return outside.connect(Provider.MAKE, settings={}, secrets={"inbound_key": MAKE_KEY, "signing_secret": MAKE_SECRET})


def test_the_four_scenarios_become_an_order_its_state_a_payment_and_words_of_the_customer(
    outside: Outside, make: Integration
) -> None:
    for scenario, body in TOLD.items():
        assert outside.post(f"/webhooks/make/{scenario}", body, **KEY).status_code == 200
        assert outside.work()[-1].state == "done", outside.work()[-1].reason
    (order,) = outside.orders()
    assert (order.source, order.status, order.notes) == (OrderSource.MAKE, OrderStatus.COMPLETED, "Achterom")
    assert outside.session.get_one(Contact, order.customer_contact_id).name == "Jan Janssen"
    (payment,) = outside.session.execute(sa.select(OrderPayment)).scalars()
    assert (payment.amount, payment.currency, payment.order_id) == (Decimal(1250), "EUR", order.id)
    ordered, message = outside.messages()
    assert "1 × " in ordered.text, "the order's conversation begins with it"
    assert message.text == "★ 9\nNetjes gedaan"
    linked = outside.session.execute(sa.select(OrderThread.thread_id, OrderThread.order_id)).one()
    assert tuple(linked) == (message.thread_id, order.id)
    changed = outside.session.execute(sa.select(Event.payload).where(Event.type == "OrderStatusChanged")).scalar_one()
    assert changed["reason"] == "Kees · Alles werkt"


def test_an_event_told_twice_counts_once_and_another_under_its_name_is_refused(outside: Outside, make: Integration) -> None:
    path = "/api/v1/webhooks/make/order-created"
    assert [outside.post(path, CREATED, **KEY).status_code for _ in range(3)] == [200, 200, 200]
    assert outside.post(path, {**CREATED, "data": {}}, **KEY).status_code == 409
    assert outside.post(path, {**CREATED, "event_id": "e2"}, **KEY).status_code == 200  # the same order by another event
    for number in (1, 2):
        assert outside.post("/webhooks/make/payment-received", {**PAID, "event_id": f"x{number}"}, **KEY).status_code == 200
    outside.work()
    assert len(outside.orders()) == 1
    assert outside.session.execute(sa.select(sa.func.count()).select_from(OrderPayment)).scalar_one() == 1


def test_a_payment_before_its_order_waits_for_it(outside: Outside, make: Integration) -> None:
    outside.post("/webhooks/make/payment-received", PAID, **KEY)
    (event,) = outside.work()
    assert event.state == "quarantined"
    assert "50F-77" in (event.reason or "")
    outside.post("/webhooks/make/order-created", CREATED, **KEY)
    outside.work()
    event.state = "ready"  # as its button does
    outside.session.commit()
    assert {one.state for one in outside.work()} == {"done"}


def test_key_or_signature_lets_in_and_no_changed_byte_does(outside: Outside, make: Integration) -> None:
    body, path = json.dumps(CREATED).encode(), "/webhooks/make/order-created"
    bare = hmac.new(MAKE_SECRET.encode(), body, hashlib.sha256).hexdigest()
    now = int(time.time())
    standard = signed_headers(body, [MAKE_SECRET], message_id="msg_1", now_seconds=now)
    proofs = [bare, f"sha256={bare.upper()}", sign(body, MAKE_SECRET, now_seconds=now), {"Authorization": f"Bearer {MAKE_KEY}"}]
    proofs += [as_given(standard)]
    for proof in proofs:
        headers = proof if isinstance(proof, dict) else {"X_Signature": proof}
        assert outside.post(path, body, **headers).status_code == 200, proof
    late = sign(body, MAKE_SECRET, now_seconds=now - 301)
    for headers in (
        {},
        {"X_Api_Key": "x"},
        {"X_Signature": late},
        {"X_Signature": "é", **KEY},
        {"X_Signature": bare[:-1] + "x", **KEY},
        {**as_given(standard), "Webhook_Id": "msg_2", **KEY},
        {**as_given(signed_headers(body, [MAKE_SECRET], message_id="msg_1", now_seconds=now - 301)), **KEY},
    ):
        answer = outside.post(path, body, **headers)
        assert (answer.status_code, answer.data) == (401, b""), headers
    signed = sign(body, MAKE_SECRET, now_seconds=now)
    assert is_signed(body, signed, MAKE_SECRET, now_seconds=now)
    for place in range(len(body)):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        assert not is_signed(changed, signed, MAKE_SECRET, now_seconds=now)
        assert not is_signed(changed, bare, MAKE_SECRET, now_seconds=now)
    assert not is_signed(body, signed, "", now_seconds=now)
    assert outside.post("/webhooks/make/unheard-of", body, **KEY).status_code == 404


def test_an_event_without_a_name_is_kept_with_its_reason(outside: Outside, make: Integration) -> None:
    assert outside.post("/webhooks/make/order-created", {"data": CREATED["data"]}, **KEY).status_code == 200
    (event,) = outside.work()
    assert (event.state, "event_id" in (event.reason or "")) == ("quarantined", True)
    assert outside.post("/webhooks/make/order-created", {"data": {}}, **KEY, Idempotency_Key="h1").status_code == 200
    assert outside.post("/webhooks/make/order-created", {"data": {}}, **KEY, Webhook_Id="msg_1").status_code == 200
    assert outside.work()[-1].dedupe_key.endswith("order-created:msg_1")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_mutated_call_is_stored_once_and_answered(outside: Outside, make: Integration, scenario: str) -> None:
    outside.post("/webhooks/make/order-created", CREATED, **KEY)
    dice, accepted = random.Random(scenario), set()
    seed = json.dumps({"submission": TOLD[scenario].get("data", {}), **TOLD[scenario]}).encode()
    for number in range(BODIES):
        body = mutated(seed, dice)
        answer = outside.post(f"/webhooks/make/{scenario}", body, **KEY, Idempotency_Key=f"n{number}")
        assert answer.status_code in (200, 409), body
        accepted |= {body} if answer.status_code == 200 else set()
    stored = {bytes(row) for row in outside.session.execute(sa.select(InboundEvent.body)).scalars()}
    assert accepted <= stored
    if BODIES > 1000:  # a tenth goes all the way
        passed = sa.select(InboundEvent.id).where(sa.text("get_byte(body_sha256, 0) % 10 <> 0"))
        outside.session.execute(sa.update(InboundEvent).where(InboundEvent.id.in_(passed)).values(state="done"))
        outside.session.commit()
    events = outside.work()
    assert {event.state for event in events} <= {"done", "quarantined"}
    assert [e.reason for e in events if e.reason and e.reason.split(":")[0].endswith(("Error", "Exception"))] == []


@pytest.fixture
def scenarios(outside: Outside) -> Iterator[tuple[MakeAccount, RunningServer, Integration]]:
    """The simulated account and a connection that tells all four of its scenarios."""
    state = MakeAccount(api_key="hook-key")
    server = serve(create_make_app(state))
    names = ("order_processing", "inventory_update", "customer_communication", "financial_processing")
    secrets = {
        **{f"hook_{name}": f"{server.url}/{name}" for name in names},
        "hook_key": "hook-key",
        "signing_secret": MAKE_SECRET,
    }
    connected = outside.connect(Provider.MAKE, settings={"hooks": dict.fromkeys(names, "127.0.0.1")}, secrets=secrets)
    yield state, server, connected
    server.stop()


def calls(outside: Outside) -> list[ScenarioCall]:
    ids = outside.session.execute(sa.select(Integration.id)).scalars().all()
    return [call for one in ids for call in list_calls(outside.session, one)]


def make_calls(outside: Outside) -> None:
    past = sa.text("now() - interval '1 day'")
    outside.session.execute(sa.update(WebhookDelivery).where(WebhookDelivery.state == "ready").values(run_at=past))
    outside.session.commit()
    for delivery_id in outside.session.execute(sa.select(WebhookDelivery.id).order_by(WebhookDelivery.number)).scalars().all():
        deliver(delivery_id)


def new_order(outside: Outside, **more: Any) -> Order:
    order = make_order(
        outside.session, outside.brand, make_contact(outside.session, kind="email", value="pieter@example.nl"), **more
    )
    outside.session.commit()
    return order


def test_scenarios_are_told_once_signed_and_with_what_they_need(
    outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration]
) -> None:
    state, _server, _connected = scenarios
    order = new_order(outside, status=OrderStatus.IN_PROGRESS)
    set_order_status(outside.session, order.id, OrderStatus.COMPLETED, now=NOW, actor=SYSTEM)
    make_calls(outside)
    make_calls(outside)
    told = [(one["key"], one["body"]["event_type"]) for one in state.taken]
    assert sorted(told) == sorted(
        [
            *((name, "order.created") for name in ("order_processing", "inventory_update", "customer_communication")),
            *((name, "order.status_changed") for name in ("order_processing", "inventory_update", "customer_communication")),
            ("financial_processing", "order.status_changed"),
        ]
    )
    first = state.taken[0]
    assert is_signed(first["text"].encode(), first["headers"]["x-signature"], MAKE_SECRET, now_seconds=time.time())
    Webhook(MAKE_SECRET).verify(first["text"], first["headers"])
    body = first["body"]
    assert {"event_id", "event_type", "occurred_at", "schema_version", "scenario", "data"} <= set(body)
    assert (body["data"]["order_number"], body["data"]["customer"]["email"]) == (order.order_number, "pieter@example.nl")
    assert {call.state for call in calls(outside)} == {"done"}


def test_an_order_of_a_scenario_is_not_told_back(
    outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration]
) -> None:
    new_order(outside, source=OrderSource.MAKE)
    assert calls(outside) == []


@pytest.mark.parametrize(
    ("mode", "state_then", "words"),
    [("busy", "ready", "429"), ("full", "ready", "400"), ("broken", "ready", "500"), ("gone", "failed", "is missing")],
)
def test_what_will_mend_is_tried_again_and_what_will_not_is_said(
    outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration], mode: str, state_then: str, words: str
) -> None:
    state, _server, connected = scenarios
    state.mode = mode
    new_order(outside)
    make_calls(outside)
    assert {call.state for call in calls(outside)} == {state_then}
    outside.session.refresh(connected)
    assert words in connected.problem
    if mode == "busy":
        waits = outside.session.execute(sa.select(sa.func.min(WebhookDelivery.run_at - sa.func.now()))).scalar_one()
        assert waits.total_seconds() > 80
    state.mode = "fine"
    retry_calls(outside.session, connected.id, actor=SYSTEM)
    outside.session.commit()
    make_calls(outside)
    assert {call.state for call in calls(outside)} == {"done"}
    assert len(state.taken) == 3
    outside.session.refresh(connected)
    assert connected.problem == ""


def test_an_answer_that_is_lost_is_asked_for_with_the_same_event(
    outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration]
) -> None:
    state, server, _connected = scenarios
    OUTSIDE.request(
        "POST", f"{server.url}/__sim/fault", json={"match": {"method": "POST"}, "when": "after", "drop_connection": True}
    )
    new_order(outside)
    make_calls(outside)
    assert "We could not reach the webhook: connection reset." in {call.answer for call in calls(outside)}
    make_calls(outside)
    ids = [one["body"]["event_id"] for one in state.taken]
    assert (len(ids), len(set(ids))) == (4, 1)
    assert {call.state for call in calls(outside)} == {"done"}


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:{port}/x", "http://127.1:{port}/x", "http://2130706433:{port}/x", "http://[::ffff:127.0.0.1]:{port}/x",
                "http://localhost:{port}/x", "http://169.254.169.254/latest", "http://10.0.0.1/x"],
)  # fmt: skip
def test_no_address_inside_our_walls_is_called(
    app_context: Flask, outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration], address: str
) -> None:
    state, server, connected = scenarios
    before = runtime()
    installed.install(app_context, replace(before, http=HttpClient()))
    try:
        url = address.format(port=server.url.rpartition(":")[2])
        seal_secrets(connected, {"hook_order_processing": url, "signing_secret": "s"}, keyring=runtime().keyring)
        new_order(outside)
        make_calls(outside)
    finally:
        installed.install(app_context, before)
    assert state.taken == []
    told = {call.scenario: call for call in calls(outside)}["order_processing"]
    assert (told.state, "so we do not connect to it" in told.answer) == ("failed", True)


def test_the_promise_is_kept_or_broken_with_the_order(
    outside: Outside, scenarios: tuple[MakeAccount, RunningServer, Integration]
) -> None:
    with outside.session.begin_nested() as point:
        make_order(outside.session, outside.brand, make_contact(outside.session, value=str(uuid.uuid4().int)[:11]))
        assert outside.session.execute(sa.select(sa.func.count()).select_from(WebhookDelivery)).scalar_one() == 3
        point.rollback()
    assert calls(outside) == []
