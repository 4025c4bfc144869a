"""The partners of the demo: their keys are told at any time, and what they posted is there."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.orders.articles import add_article
from app.domain.partners.callers import find_caller
from app.domain.partners.mail_models import PartnerMailReading
from app.domain.partners.models import Partner, PartnerOrder
from app.domain.sla.models import SlaClock, SlaStep
from app.domain.webhooks.models import WebhookEndpoint
from app.sandbox.demo.partners import PARTNERS, connect_partners, list_partner_secrets, make_partners
from tests.factories import NOW, make_brand


def test_every_partner_has_keys_and_orders(app_context: Flask, db_session: Session) -> None:
    _make_brand(db_session)
    kept = {"secret_key": "s", "keyring": runtime().keyring, "now": NOW}
    make_partners(db_session, **kept, receiver_url="http://127.0.0.1:1")  # type: ignore[arg-type]
    connect_partners(db_session, "http://127.0.0.1:2", **kept)  # type: ignore[arg-type]
    urls = db_session.execute(sa.select(WebhookEndpoint.url).order_by(WebhookEndpoint.url)).scalars().all()
    assert set(urls) == {"http://127.0.0.1:2/moody", "http://127.0.0.1:2/taken"}
    assert len(urls) == len(PARTNERS)
    told = list_partner_secrets("s", "http://localhost")
    assert [entry["partner"] for entry in told] == ["groendus", "eneco", "essent", "50five", "alva", "volvo-dealer"]
    for entry in told:
        for name, environment in (("api_key", "live"), ("sandbox_api_key", "sandbox")):
            caller = find_caller(db_session, entry[name], now=NOW)
            assert caller is not None
            assert (caller.slug, caller.environment) == (entry["partner"], environment)
    assert list_partner_secrets("other", "http://localhost")[0]["api_key"] != told[0]["api_key"]
    count = db_session.execute(sa.select(sa.func.count()).select_from(PartnerOrder)).scalar_one()
    assert count == sum(one.orders for one in PARTNERS)
    states = db_session.execute(sa.select(PartnerMailReading.state, PartnerMailReading.reason)).all()
    assert sorted(tuple(row) for row in states) == [("review", "layout"), ("review", "missing")]
    volvo = db_session.execute(sa.select(Partner).where(Partner.slug == "volvo-dealer")).scalar_one()
    row = db_session.execute(sa.select(PartnerOrder).where(PartnerOrder.partner_id == volvo.id).limit(1)).scalar_one()
    assert row.unmapped_skus == []


def test_old_orders_tell_nobody_of_deadlines_they_passed_at_any_hour(app_context: Flask, db_session: Session) -> None:
    _make_brand(db_session)
    noon = datetime(2026, 11, 25, 12, 7, tzinfo=UTC)  # the youngest order but one came in before office hours
    make_partners(db_session, secret_key="s", keyring=runtime().keyring, now=noon)
    counts = sa.select(sa.func.count().filter(SlaClock.next_step_at <= noon), sa.func.count(SlaStep.id.distinct()))
    due, told = db_session.execute(counts.select_from(SlaClock).outerjoin(SlaStep, sa.true())).one()
    assert (due, told > 0) == (0, True)


def _make_brand(session: Session) -> None:
    brand = make_brand(session, "chargecars")
    for sku in ("WALLBOX-11KW", "INST-BASIC-1P"):
        add_article(session, brand_id=brand.id, sku=sku, name=sku, unit_price=Decimal(425), now=NOW)
