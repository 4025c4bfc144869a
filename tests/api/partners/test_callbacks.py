"""Partners are told of their orders: both shapes, in order, signed; who is not told is kept with the reason."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.standard_webhooks import is_signed
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery, WebhookMessage
from tests.api.partners.conftest import ORDERS, Gateway, Program, body
from tests.support.receiver import Receiver, receiving

CONFIG = "/api/v1/partners/groendus/integration-config"
REPORT = "/api/v1/webhooks/partner-status/groendus"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def configure(program: Program, receiver: Receiver, **more: Any) -> str:
    answer = program.post({"webhook_url": receiver.url, **more}, CONFIG)
    assert answer.status_code == 200, answer.text
    return str(answer.json["data"].get("webhook_secret", ""))  # type: ignore[index]


def report(program: Program, word: str) -> None:
    assert program.post({"partner_order_id": "GRO-123456", "status": word}, REPORT).status_code == 200


def deliveries(gateway: Gateway) -> list[WebhookDelivery]:
    query = sa.select(WebhookDelivery).order_by(WebhookDelivery.number).execution_options(populate_existing=True)
    return list(gateway.session.execute(query).scalars())


def work(gateway: Gateway, app: Flask) -> None:
    """Deliver everything, one after the other."""
    ids = [one.id for one in deliveries(gateway) if one.state == "ready"]
    gateway.session.commit()
    for delivery_id in ids:
        with app.app_context():
            deliver(delivery_id)


def test_an_order_and_its_states_are_told_signed_and_in_order(gateway: Gateway, receiver: Receiver, app: Flask) -> None:
    secret = configure(gateway.live, receiver)
    assert secret.startswith("whsec_")
    assert configure(gateway.live, receiver) == "", "shown once"
    gateway.live.post(body())
    report(gateway.live, "CONFIRMED")
    work(gateway, app)
    bodies = [json.loads(one.body) for one in receiver.got]
    assert [(one["event"], one["status"], one["sequence"]) for one in bodies] == [
        ("order_created", "new", 1),
        ("status_update", "approved", 2),
    ]
    assert bodies[1]["partner_order_id"] == "GRO-123456"
    assert "customer_info" not in bodies[1], "only where somebody here allowed it"
    for one in receiver.got:
        headers = {name.lower(): value for name, value in one.headers.items()}
        assert is_signed(one.body, headers, [secret], now_seconds=time.time())
        assert headers["x-chargecars-signature"] == hmac.new(secret.encode(), one.body, hashlib.sha256).hexdigest()
    assert [one.headers["x-chargecars-event"] for one in receiver.got] == ["order_created", "status_update"]


def test_the_other_shape_has_their_words_and_leaves_out_what_has_none(gateway: Gateway, receiver: Receiver, app: Flask) -> None:
    configure(gateway.live, receiver, payload_version="status_changed", webhook_events=["order_created", "status_changed"])
    gateway.live.post(body(partner_customer_id="CUST-1"))
    report(gateway.live, "CONFIRMED")
    gateway.live.call("POST", f"{ORDERS}/GRO-123456/cancel")
    work(gateway, app)
    told = json.loads(receiver.got[-1].body)
    assert (told["event"], told["status"], told["partner_customer_id"]) == ("status_changed", "CONFIRMED", "CUST-1")
    assert (told["status_details"]["from_status"], told["status_details"]["to_status"]) == ("new", "approved")
    assert len(receiver.got) == 2
    last = deliveries(gateway)[-1]
    assert (last.state, last.why["code"]) == ("skipped", "no_status_mapping")


def test_single_events_are_told_by_their_own_name(gateway: Gateway, receiver: Receiver, app: Flask) -> None:
    configure(gateway.live, receiver, webhook_events=["order_approved"])
    gateway.live.post(body())
    report(gateway.live, "CONFIRMED")
    work(gateway, app)
    assert [json.loads(one.body)["event"] for one in receiver.got] == ["order_approved"]
    assert deliveries(gateway)[0].why["code"] == "event_not_subscribed"


def test_without_an_address_it_is_kept_that_nobody_was_told(gateway: Gateway) -> None:
    gateway.live.post(body())
    (message,) = gateway.rows(WebhookMessage)
    assert (message.skipped, message.event_type, message.owner_id) == ("no_endpoint", "order_created", gateway.partner.id)


def test_the_sandbox_has_an_address_of_its_own(gateway: Gateway, receiver: Receiver, app: Flask) -> None:
    configure(gateway.sandbox, receiver)
    gateway.live.post(body())
    gateway.sandbox.post(body())
    report(gateway.sandbox, "DELIVERED")
    work(gateway, app)
    told = [json.loads(one.body) for one in receiver.got]
    assert [(one["test"], one["status"]) for one in told] == [(True, "new"), (True, "completed")]


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"webhook_url": "ftp://example.nl"}, "webhook_url"),
        ({"webhook_url": "https://example.nl", "webhook_events": ["order_eaten"]}, "webhook_events"),
        ({"status_mapping": {"chargecars_to_partner": {"lost": "X"}}}, "status_mapping"),
        ({"api_base_url": "nowhere"}, "api_base_url"),
        ({"authentication_type": "password"}, "authentication_type"),
        ({"payload_version": "3"}, "payload_version"),
    ],
)
def test_a_configuration_that_cannot_be_is_refused_whole(gateway: Gateway, sent: dict[str, Any], field: str) -> None:
    answer = gateway.live.post({"integration_name": "changed", **sent}, CONFIG)
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, field)  # type: ignore[index]
    gateway.session.refresh(gateway.partner)
    assert gateway.partner.integration_name == ""


def test_the_configuration_of_the_documents_is_taken(gateway: Gateway) -> None:
    sent = {
        "integration_name": "volvo_dealer_api",
        "api_base_url": "https://api.volvo-dealer.example/v1",
        "authentication_type": "bearer_token",
        "webhook_url": "https://partner.example/webhooks",
        "webhook_events": ["order_created", "order_approved", "installation_completed"],
        "status_mapping": {"chargecars_to_partner": {"new": "IN"}, "partner_to_chargecars": {"IN": "new"}},
        "api_credentials": {"token": "geheim-token"},
        "region": "west",
    }
    answer = gateway.live.post(sent, CONFIG)
    data = answer.json["data"]  # type: ignore[index]
    assert (data["integration_name"], data["webhook_events"]) == ("volvo_dealer_api", sorted(sent["webhook_events"]))
    assert answer.json["warnings"][0]["field"] == "region"  # type: ignore[index]
    gateway.session.refresh(gateway.partner)
    assert b"geheim-token" not in (gateway.partner.sealed_credentials or b"")
    assert gateway.partner.status_mapping["chargecars_to_partner"] == {"new": "IN"}
