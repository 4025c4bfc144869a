"""The address a partner is told at, its secret, a test; and what its channel earns."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.accounts.models import Role
from app.domain.events.actions import SYSTEM
from app.domain.orders.articles import add_article
from app.domain.orders.models import OrderStatus
from app.domain.partners.models import Environment, Partner
from app.domain.partners.move_order import move_order
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.take_order import take_order
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import NOW, make_user

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def partner(desk: Desk) -> Partner:
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    made = make_partner(desk.session, desk.brand)
    article = add_article(desk.session, brand_id=desk.brand.id, sku="ALF", name="Alfen", unit_price=Decimal(800), now=NOW)
    keep_product(desk.session, made, ProductContent("GRO-ALFEN-11", article.id), now=NOW, actor=SYSTEM)
    desk.session.commit()
    return made


def test_an_address_is_entered_tried_and_given_another_secret(desk: Desk, partner: Partner) -> None:
    path = f"/settings/partners/{partner.id}"
    secret = SECRET.findall(desk.post(f"{path}/callbacks/live", url="https://partner.example/hooks").text)[0]
    assert secret not in desk.get(path)
    changed = {"url": "https://partner.example/other", "events": "order_created", "payload_version": "status_changed"}
    assert desk.post(f"{path}/callbacks/live", **changed).status_code == 303
    endpoint = desk.session.execute(sa.select(WebhookEndpoint).execution_options(populate_existing=True)).scalar_one()
    assert (endpoint.url, endpoint.event_types) == ("https://partner.example/other", ["order_created"])
    assert SECRET.findall(desk.post(f"{path}/callbacks/live/secret").text)[0] != secret
    assert desk.post(f"{path}/callbacks/live/test").status_code == 303
    delivery = desk.session.execute(sa.select(WebhookDelivery)).scalar_one()
    assert "test.ping" in desk.get(path)
    assert desk.post(f"{path}/deliveries/{delivery.id}/retry").status_code == 303
    assert desk.post(f"{path}/callbacks/sandbox/test").status_code == 404
    assert desk.post(f"{path}/callbacks/nowhere", url="https://partner.example").status_code == 404
    refused = desk.post(f"{path}/callbacks/sandbox", url="https://user:secret@partner.example")
    assert (refused.status_code, "Remove the user name and password" in refused.text) == (422, True)


def test_a_statement_says_why_and_percentages_are_agreed(desk: Desk, partner: Partner) -> None:
    now, path = utc_now(), f"/settings/partners/{partner.id}"
    row = take_order(desk.session, partner, Environment.LIVE, incoming("=GRO-1"), now=now).row
    assert not move_order(desk.session, partner, row, OrderStatus.COMPLETED, reason="klaar", context={}, now=now).refused
    desk.session.commit()
    shown = desk.get(f"{path}/commissions")
    assert "level 1: 5.00 percent of €800.00" in shown
    assert "€40.00" in shown
    table = desk.client.plain.get(f"{path}/commissions.csv")
    assert "'=GRO-1,Groendus,1,5.00,800.00,40.00,final" in table.text
    rates = {"level_1": "4,5", "level_2": "3", "level_3": "2"}
    assert desk.post(f"{path}/rates", **rates).status_code == 303
    assert desk.post(f"{path}/rates", **{**rates, "level_2": "101"}).status_code == 422
    assert 'value="4.50"' in desk.get(f"{path}/commissions?month=2026-01")
