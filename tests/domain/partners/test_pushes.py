"""Orders are brought to each partner's own API, signed in at each way, once and in their order, at the pace that was agreed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import OrderStatus
from app.domain.partners.actions import set_credentials
from app.domain.partners.models import Authentication, Environment, Partner, PartnerOrder, SyncFrequency
from app.domain.partners.move_order import move_order
from app.domain.partners.pushes import slot_after
from app.domain.partners.take_order import take_order
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookAttempt, WebhookDelivery
from app.sandbox.simulators.partner_api import NAME, SECRET
from tests.domain.partners.conftest import WAYS, say
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import make_brand

NOON = datetime(2026, 11, 25, 12, 7, tzinfo=UTC)
RIGHT = {"secret": SECRET, "username": NAME}


def partner_at(session: Session, url: str, name: str = "Groendus", **more: Any) -> Partner:
    more = {"authentication_type": Authentication.BEARER_TOKEN, "push_enabled": True, **more}
    brand = session.execute(sa.select(Brand)).scalars().first() or make_brand(session)
    return make_partner(session, brand, name, api_base_url=url, **more)


def know(session: Session, partner: Partner, credentials: dict[str, str]) -> None:
    set_credentials(session, partner, credentials, keyring=runtime().keyring, now=utc_now(), actor=SYSTEM)
    session.commit()


def take(session: Session, partner: Partner, environment: Environment = Environment.LIVE) -> PartnerOrder:
    row = take_order(session, partner, environment, incoming(f"{partner.slug}-1"), now=utc_now()).row
    session.commit()
    return row


def deliver_all(session: Session) -> list[WebhookDelivery]:
    """One attempt of each that is due; every delivery there is, as they were promised."""
    query = sa.select(WebhookDelivery).order_by(WebhookDelivery.number).execution_options(populate_existing=True)
    for row in session.execute(query).scalars().all():
        deliver(row.id)
    return list(session.execute(query).scalars())


def brought(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = runtime().http.request("GET", f"{url}/__sim/brought").json()["brought"]
    return found


@pytest.mark.parametrize(("name", "authentication", "signs_in"), WAYS, ids=[way[0] for way in WAYS])
def test_an_order_and_its_states_are_brought_once_and_the_log_has_no_secret(
    app_context: Flask, db_session: Session, apis: str, name: str, authentication: Authentication, signs_in: str
) -> None:
    slug = name.lower().replace(" ", "-")
    url = f"{apis}/api/{slug}-pushed"
    say(url, signs_in=signs_in)
    partner = partner_at(db_session, url, name, authentication_type=authentication)
    know(db_session, partner, {**RIGHT, "secret": "wrong"})
    row = take(db_session, partner)
    (waiting,) = deliver_all(db_session)
    outcome = "bad_response" if authentication == Authentication.OAUTH2 else "http_4xx"
    assert (waiting.state, waiting.last_outcome) == ("ready", outcome)
    know(db_session, partner, RIGHT)
    assert not move_order(db_session, partner, row, OrderStatus.APPROVED, reason="", context={}, now=utc_now()).refused
    db_session.execute(sa.update(WebhookDelivery).values(run_at=sa.func.now()))
    db_session.commit()
    for _twice in range(2):
        assert [one.state for one in deliver_all(db_session)] == ["done", "done"]
    orders = [one["order"] for one in brought(url)]
    assert [(one["status"], one["sequence"], one["partner_status"]) for one in orders] == [
        ("new", 1, "RECEIVED"),
        ("approved", 2, "CONFIRMED"),
    ]
    assert {one["chargecars_order_id"] for one in orders} == {row.order_number}
    assert len({one["id"] for one in brought(url)}) == 2
    shown = str(db_session.execute(sa.select(WebhookAttempt.request_headers)).scalars().all())
    assert "***" in shown
    for secret in (SECRET, "wrong", "access-token"):
        assert secret not in shown


def test_nothing_is_brought_that_was_not_agreed(app_context: Flask, db_session: Session, apis: str) -> None:
    take(db_session, partner_at(db_session, f"{apis}/api/quiet", push_enabled=False))
    take(db_session, partner_at(db_session, f"{apis}/api/trying", "Eneco"), Environment.SANDBOX)
    assert deliver_all(db_session) == []


def test_what_was_promised_is_not_brought_after_the_agreement_ended(app_context: Flask, db_session: Session, apis: str) -> None:
    partner = partner_at(db_session, f"{apis}/api/ended")
    take(db_session, partner)
    partner.push_enabled = False
    db_session.commit()
    (ended,) = deliver_all(db_session)
    assert (ended.state, ended.last_outcome) == ("failed", "no_address")


@pytest.mark.parametrize(
    ("frequency", "due_at"),
    [
        (SyncFrequency.REAL_TIME, None),
        (SyncFrequency.EVERY_15_MINUTES, NOON.replace(minute=15)),
        (SyncFrequency.HOURLY, NOON.replace(hour=13, minute=0)),
        (SyncFrequency.DAILY, NOON.replace(day=26, hour=0, minute=0)),
    ],
)
def test_a_slot_is_the_next_full_one(frequency: SyncFrequency, due_at: datetime | None) -> None:
    assert slot_after(frequency, NOON) == due_at


def test_what_is_brought_at_certain_times_waits_until_then(app_context: Flask, db_session: Session, apis: str) -> None:
    url = f"{apis}/api/hourly"
    partner = partner_at(db_session, url, sync_frequency=SyncFrequency.HOURLY)
    know(db_session, partner, RIGHT)
    take_order(db_session, partner, Environment.LIVE, incoming(), now=utc_now() + timedelta(hours=1))
    db_session.commit()
    (waiting,) = deliver_all(db_session)
    assert (waiting.state, waiting.attempts, brought(url)) == ("ready", 0, [])
    assert waiting.run_at.minute == waiting.run_at.second == 0
