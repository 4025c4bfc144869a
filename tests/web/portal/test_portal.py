"""The portal of a partner: its people come in by a link and find out alone; nothing of another partner shows anywhere."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Role, User
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import ContactType
from app.domain.events.actions import SYSTEM
from app.domain.orders.articles import add_article
from app.domain.orders.models import OrderStatus
from app.domain.partners.dealers import keep_dealer
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.models import Environment, Partner, PartnerKey, PartnerOrder
from app.domain.partners.move_order import move_order
from app.domain.partners.people import add_partner_person
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.take_order import take_order
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import incoming, make_partner, make_partner_key
from tests.factories import NOW, make_user
from tests.support.signing_in import csrf_token

LINK = re.compile(r"/invitation/[\w.-]+")
DEALER = "WEST"
PASSWORD = "een lange zin voor de proef"


@dataclass
class House:
    """Two partners with all there is of them, and somebody of the first one who is signed in."""

    desk: Desk
    ours: Partner
    theirs: Partner
    row: PartnerOrder
    foreign: dict[str, object]
    paula: User


@pytest.fixture
def house(app: Flask, desk: Desk) -> House:
    session, now = desk.session, utc_now()
    article = add_article(session, brand_id=desk.brand.id, sku="ALF", name="Alfen", unit_price=Decimal(800), now=NOW)
    with app.app_context():
        keyring = runtime().keyring
    made = {}
    for name in ("Groendus", "Eneco"):
        partner = make_partner(session, desk.brand, name)
        keep_product(session, partner, ProductContent("GRO-ALFEN-11", article.id), now=NOW, actor=SYSTEM)
        for environment in Environment:
            where = f"https://{partner.slug}.example/{environment.value}"
            keep_endpoint(
                session, partner, environment, url=where, events=(), payload_version="", allows_http=False, ports=(443,),
                keyring=keyring, now=now, actor=SYSTEM,
            )  # fmt: skip
        trial = take_order(session, partner, Environment.SANDBOX, incoming(f"{name}-trial"), now=now).row
        row = take_order(session, partner, Environment.LIVE, incoming(f"{name}-1"), now=now).row
        made[name] = (partner, row, trial, make_partner_key(session, partner, keyring))
    ours, theirs = made["Groendus"], made["Eneco"]
    endpoint = session.execute(sa.select(WebhookEndpoint).where(WebhookEndpoint.owner_id == theirs[0].id).limit(1)).scalar_one()
    delivery = session.execute(sa.select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)).scalars().first()
    foreign = {
        "row_id": theirs[2].id,
        "endpoint_id": endpoint.id,
        "delivery_id": delivery.id if delivery else uuid.uuid4(),
        "partner_key_id": theirs[3].row.id,
        "environment": "sandbox",
    }
    paula = add_partner_person(session, ours[0], email="paula@groendus.example", name="Paula", now=now, actor=SYSTEM)
    desk.as_user(paula)
    session.commit()
    return House(desk, ours[0], theirs[0], ours[1], foreign, paula)


def test_somebody_is_invited_by_a_link_comes_in_and_is_kept_out_again(desk: Desk) -> None:
    desk.as_user(make_user(desk.session, "Root", role=Role.ADMIN))
    partner = make_partner(desk.session, desk.brand)
    desk.session.commit()
    path = f"/settings/partners/{partner.id}"
    assert desk.post(f"{path}/people", person_name="Paula", email="paula").status_code == 422
    answer = desk.post(f"{path}/people", person_name="Paula Prins", email="Paula@groendus.example", locale="nl")
    link = LINK.findall(answer.text)[0]
    user = desk.session.execute(sa.select(User).where(User.role == Role.PARTNER)).scalar_one()
    assert (answer.status_code, user.email, user.locale) == (201, "paula@groendus.example", "nl")
    assert "Paula Prins" not in desk.get("/settings/people")
    assert desk.post(f"{path}/people", person_name="Paula", email="paula@groendus.example").status_code == 422
    assert desk.post(f"{path}/people/{user.id}/invitation").status_code == 201
    client = desk.client.plain.application.test_client()
    accepted = client.post(link, data={"password": PASSWORD, "csrf_token": csrf_token(client)})
    assert (accepted.status_code, accepted.location) == (303, "/")
    assert client.get("/").location == "/portal"
    assert client.get("/portal").status_code == 200
    assert client.get("/inbox").status_code == 403
    assert desk.post(f"{path}/people/{user.id}/removal").status_code == 303
    assert client.get("/portal").status_code == 303


def test_a_partner_follows_an_order_and_finds_out_alone_why_a_call_failed(house: House) -> None:
    desk, row = house.desk, house.row
    assert not move_order(desk.session, house.ours, row, OrderStatus.APPROVED, reason="intern", context={}, now=utc_now()).refused
    desk.session.commit()
    assert "Groendus-1" in desk.get("/portal")
    assert "Groendus-1" in desk.get("/portal/orders?q=groendus")
    shown = desk.get(f"/portal/orders/{row.id}")
    assert "The order came in." in shown
    assert "Approved" in shown
    assert "intern" not in shown
    assert "800" not in shown
    assert "status_update" in shown
    endpoint = next(one for one in _endpoints(desk, house.ours) if not one.is_test)
    sent = desk.post(f"/portal/endpoints/{endpoint.id}/test")
    story = desk.get(sent.location)
    assert "test.ping" in story
    assert f"/portal/endpoints/{endpoint.id}/replay" in story
    assert desk.post(f"{sent.location}/retry").status_code == 303
    assert "deliveries" in desk.get(f"/portal/endpoints/{endpoint.id}/replay?what=all&hours=24")
    own = ("/settings/profile", "/settings/security")
    for page in ("/portal/callbacks", "/portal/keys", "/portal/calls", "/portal/statements", *own):
        assert "Paula" in desk.get(page)


def test_keys_and_addresses_are_the_partners_own_to_change(house: House) -> None:
    desk = house.desk
    made = desk.post("/portal/keys", environment="sandbox", scopes="orders:read", key_name="proef")
    text = re.findall(r"swp_test_\w+", made.text)[0]
    key = desk.session.execute(sa.select(PartnerKey).where(PartnerKey.name == "proef")).scalar_one()
    assert (made.status_code, key.partner_id, key.created_by_user_id) == (200, house.ours.id, house.paula.id)
    assert text not in desk.get("/portal/keys")
    assert desk.post(f"/portal/keys/{key.id}/rotation").status_code == 200
    assert desk.post(f"/portal/keys/{key.id}/revocation").status_code == 303
    assert desk.post("/portal/keys").status_code == 422
    assert desk.post("/portal/callbacks/live", url="https://groendus.example/other").status_code == 303
    assert desk.post("/portal/callbacks/live", url="https://user:secret@groendus.example").status_code == 422
    assert "whsec_" in desk.post("/portal/callbacks/live/secret").text
    trial = desk.session.execute(
        sa.select(PartnerOrder).where(PartnerOrder.partner_id == house.ours.id, PartnerOrder.environment == "sandbox")
    ).scalar_one()
    assert desk.post(f"/portal/orders/{trial.id}/status", status="scheduled").status_code == 303
    assert desk.post(f"/portal/orders/{trial.id}/status", status="nowhere").status_code == 422
    assert desk.post(f"/portal/orders/{house.row.id}/status", status="completed").status_code == 409
    desk.session.refresh(trial)
    assert (trial.order_status, trial.sequence) == ("scheduled", 2)


def test_no_page_of_the_portal_shows_or_changes_anything_of_another_partner(house: House, app: Flask) -> None:
    desk, client = house.desk, house.desk.client.plain
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/portal")]
    assert len(rules) > 15
    before = _state(desk, house.theirs)
    for rule in rules:
        path = re.sub(r"<(?:\w+:)?(\w+)>", lambda match: str(house.foreign[match.group(1)]), rule.rule)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            data = {"csrf_token": csrf_token(client), "status": "approved", "scopes": "orders:read", "what": "all", "hours": "24"}
            answer = client.open(path, method=method, data=data if method == "POST" else None)
            if any(name in rule.arguments for name in house.foreign if name != "environment"):
                assert answer.status_code == 404, (method, path, answer.status_code)
            assert "eneco" not in answer.text.lower(), (method, path)
    assert _state(desk, house.theirs) == before


def test_somebody_of_a_dealer_sees_the_orders_of_that_dealer_alone(house: House) -> None:
    desk, session, now = house.desk, house.desk.session, utc_now()
    columns = {"name": "Dealer West", "contact_type": ContactType.ORGANIZATION, "parent_organization_id": house.ours.contact_id}
    dealer = create_contact(session, ContactEdit(columns), actor=SYSTEM, now=now)
    keep_dealer(session, house.ours, DEALER, dealer.id, now=now)
    through = incoming("WEST-1", references={"dealer_group_id": DEALER})
    theirs = take_order(session, house.ours, Environment.LIVE, through, now=now).row
    who = {"now": now, "actor": SYSTEM}
    desk.as_user(add_partner_person(session, house.ours, email="w@west.example", name="Wes", dealer_id=dealer.id, **who))  # type: ignore[arg-type]
    session.commit()
    listed = desk.get("/portal/orders")
    assert ("WEST-1" in listed, "Groendus-1" in listed) == (True, False)
    assert "WEST-1" in desk.get(f"/portal/orders/{theirs.id}")
    assert desk.client.plain.get(f"/portal/orders/{house.row.id}").status_code == 404
    assert desk.client.plain.get("/portal/keys").status_code == 403
    assert not move_order(session, house.ours, theirs, OrderStatus.COMPLETED, reason="klaar", context={}, now=now).refused
    session.commit()
    table = desk.client.plain.get("/portal/statements.csv").text
    assert "Dealer West,2,3.00,800.00,24.00,final" in table
    assert "Groendus,1" not in table


def _endpoints(desk: Desk, partner: Partner) -> list[WebhookEndpoint]:
    query = sa.select(WebhookEndpoint).where(WebhookEndpoint.owner_id == partner.id)
    return list(desk.session.execute(query.execution_options(populate_existing=True)).scalars())


def _state(desk: Desk, partner: Partner) -> list[object]:
    """Everything of a partner that the portal can change."""
    found: list[object] = []
    for model in (PartnerKey, PartnerOrder):
        query = sa.select(model.__table__).where(model.__table__.c.partner_id == partner.id).order_by("id")
        found += [tuple(row) for row in desk.session.execute(query)]
    query = sa.select(WebhookEndpoint.__table__).where(WebhookEndpoint.owner_id == partner.id).order_by("id")
    found += [tuple(row) for row in desk.session.execute(query)]
    deliveries = sa.select(WebhookDelivery.id, WebhookDelivery.state, WebhookDelivery.trigger).join(
        WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id
    )
    rows = desk.session.execute(deliveries.where(WebhookEndpoint.owner_id == partner.id).order_by(WebhookDelivery.id))
    return found + [tuple(row) for row in rows]
