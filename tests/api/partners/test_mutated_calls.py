"""Broken but rightly signed bodies on every address of the partner API that takes one: always an answer, no failure of ours, and
whatever was taken is there. `make fuzz` posts 10,000 to each, `make test` some."""

from __future__ import annotations

import json
import os
import random
from collections import Counter
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app.api.partners.door import SCOPE_OF
from app.domain.orders.models import Order
from app.domain.partners.models import PartnerOrder, PartnerReport
from tests.api.partners.conftest import ORDERS, Gateway, body
from tests.api.partners.test_own_bodies import DOOR as OWN_DOOR
from tests.api.partners.test_own_bodies import agree
from tests.domain.partners.factories import DEALER_BODY
from tests.domain.partners.test_own_bodies import BODY as OWN_BODY
from tests.support.full import amount
from tests.support.mutations import mutated

BODIES = int(os.environ.get("MUTATED_BODIES", amount(40, full=150)))
AT_ONCE = 500
"""Bodies of one test, which is one transaction: a row that is changed again and again in it takes longer each time. An address
may call no oftener either."""
NUMBER = "GRO-123456"
CONFIG: dict[str, Any] = {
    "integration_name": "Groendus ERP",
    "api_base_url": "https://api.groendus.example/v1",
    "authentication_type": "oauth2",
    "api_credentials": {"username": "switchyard", "secret": "s3cret"},
    "webhook_url": "https://groendus.example/hooks",
    "webhook_events": ["order_created", "status_update"],
    "payload_version": "status_changed",
    "status_mapping": {"chargecars_to_partner": {"new": "RECEIVED"}, "partner_to_chargecars": {"DONE": "completed"}},
    "sync_enabled": True,
    "sync_frequency": "hourly",
}
REPORT = {
    "partner_order_id": NUMBER,
    "status": "CONFIRMED",
    "timestamp": "2026-11-25T08:00:00Z",
    "notes": "Gepland",
    "technician_info": {"name": "Kees", "phone": "+31612345678"},
}
# By the view behind an address: where it is posted, and what is broken.
POSTED: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "post_order": (ORDERS, [body(), DEALER_BODY]),
    "post_own_body": (OWN_DOOR, [OWN_BODY]),
    "configure": ("/api/v1/partners/groendus/integration-config", [CONFIG]),
    "take_status": ("/api/v1/webhooks/partner-status/groendus", [REPORT]),
    "cancel_order": (f"{ORDERS}/{NUMBER}/cancel", [{"reason": "De klant ziet ervan af"}]),
}


def test_every_address_that_takes_a_body_is_here(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint in SCOPE_OF and "POST" in (rule.methods or ())]
    views = {app.view_functions[rule.endpoint].__name__ for rule in rules}
    assert views == set(POSTED)


@pytest.mark.parametrize("part", range(-(-BODIES // AT_ONCE)))
@pytest.mark.parametrize("view", POSTED)
def test_every_broken_body_is_answered_and_nothing_is_lost(gateway: Gateway, view: str, part: int) -> None:
    (path, bodies), dice, answered = POSTED[view], random.Random(f"{view} {part}"), Counter[int]()
    agree(gateway)
    gateway.partner.calls_per_minute = 100_000
    gateway.session.commit()
    assert gateway.live.post(body()).status_code == 201
    taken: set[str] = set()
    gateway.live.client.environ_base["REMOTE_ADDR"] = f"10.1.{part}.1"
    for _ in range(min(BODIES, AT_ONCE)):
        broken = mutated(json.dumps(dice.choice(bodies)).encode(), dice)
        answer = gateway.live.signed(path, broken)
        answered[answer.status_code] += 1
        assert answer.status_code < 500, broken
        assert answer.status_code not in (401, 429), broken
        if answer.status_code == 201:
            taken.add(answer.json["data"]["chargecars_order_uuid"])  # type: ignore[index]
    assert len(answered) > 1, answered
    orders = set(gateway.session.execute(sa.select(sa.cast(Order.id, sa.Text))).scalars())
    assert taken <= orders
    assert len(orders) == len(taken) + 1 == len(gateway.rows(PartnerOrder))
    assert (view != "take_status") or gateway.rows(PartnerReport)
