"""Two partners of one brand, with an order of each environment, addresses, callbacks, keys and a dealer each."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from decimal import Decimal

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.contacts.edit import ContactEdit, create_contact
from app.domain.contacts.models import ContactType
from app.domain.events.actions import SYSTEM
from app.domain.field.models import VisitReport
from app.domain.orders.articles import add_article
from app.domain.orders.models import Article
from app.domain.partners.actions import NewKey
from app.domain.partners.agreements import write_agreement
from app.domain.partners.dealers import keep_dealer
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.incoming import IncomingOrder
from app.domain.partners.models import Environment, Partner, PartnerAgreement, PartnerOrder
from app.domain.partners.people import add_partner_person
from app.domain.partners.products import ProductContent, keep_product
from app.domain.partners.take_order import take_order
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.domain.appointments.factories import make_appointment
from tests.domain.orders.conftest import Desk
from tests.domain.orders.conftest import desk as desk
from tests.domain.partners.factories import incoming, make_partner, make_partner_key
from tests.factories import NOW


@dataclass
class Side:
    """A partner with all there is of it. `live` and `trial` are its orders; everything that it says has its name in it."""

    partner: Partner
    live: PartnerOrder
    trial: PartnerOrder
    keys: dict[Environment, NewKey]
    endpoints: dict[Environment, WebhookEndpoint]
    deliveries: dict[Environment, WebhookDelivery]
    dealer_id: uuid.UUID
    agreement: PartnerAgreement


@dataclass
class House:
    """Groendus, of which Paula is signed in, and Eneco."""

    desk: Desk
    ours: Side
    theirs: Side
    paula: User


@pytest.fixture
def house(app: Flask, desk: Desk) -> House:
    session = desk.session
    article = add_article(session, brand_id=desk.brand.id, sku="ALF", name="Alfen", unit_price=Decimal(800), now=NOW)
    with app.app_context():
        keyring = runtime().keyring
    ours, theirs = (make_side(session, desk.brand, name, article, keyring) for name in ("Groendus", "Eneco"))
    who = {"now": utc_now(), "actor": SYSTEM}
    paula = add_partner_person(session, ours.partner, email="paula@groendus.example", name="Paula", **who)  # type: ignore[arg-type]
    desk.as_user(paula)
    session.commit()
    return House(desk, ours, theirs, paula)


def make_side(session: Session, brand: Brand, name: str, article: Article, keyring: Keyring) -> Side:
    now, partner = utc_now(), make_partner(session, brand, name, calls_per_minute=10_000)
    keep_product(session, partner, ProductContent("GRO-ALFEN-11", article.id), now=NOW, actor=SYSTEM)
    endpoints = {
        one: keep_endpoint(
            session, partner, one, url=f"https://{partner.slug}.example/{one.value}", events=(), payload_version="",
            allows_http=False, ports=(443,), keyring=keyring, now=now, actor=SYSTEM,
        ).endpoint
        for one in Environment
    }  # fmt: skip
    trial = take_order(session, partner, Environment.SANDBOX, order_of(partner, "trial"), now=now).row
    live = take_order(session, partner, Environment.LIVE, order_of(partner, "1"), now=now).row
    keys = {one: make_partner_key(session, partner, keyring, one) for one in Environment}
    return Side(
        partner, live, trial, keys, endpoints, {one: _delivery(session, endpoints[one]) for one in Environment},
        make_dealer(session, partner), write_agreement(session, partner, f"Wij en {name}", now=now, actor=SYSTEM),
    )  # fmt: skip


def order_of(partner: Partner, number: str) -> IncomingOrder:
    return incoming(f"{partner.name}-{number}", customer_name=f"Klant {partner.name}", email=f"klant@{partner.slug}.example")


def make_dealer(session: Session, partner: Partner) -> uuid.UUID:
    """A dealer under the partner, which calls it by its name and WEST."""
    columns = {"contact_type": ContactType.ORGANIZATION, "parent_organization_id": partner.contact_id}
    dealer = create_contact(session, ContactEdit({"name": f"Dealer {partner.name} West", **columns}), actor=SYSTEM, now=NOW)
    keep_dealer(session, partner, f"{partner.slug.upper()}_WEST", dealer.id, now=NOW)
    return dealer.id


def _delivery(session: Session, endpoint: WebhookEndpoint) -> WebhookDelivery:
    return session.execute(sa.select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)).scalar_one()


def make_document(house: House, row: PartnerOrder) -> uuid.UUID:
    """A visit of the order that is over, and has its report."""
    session = house.desk.session
    visit = make_appointment(session, house.desk.thread, order_id=row.order_id)
    session.add(VisitReport(appointment_id=visit.id, created_at=NOW))
    session.commit()
    return visit.id
