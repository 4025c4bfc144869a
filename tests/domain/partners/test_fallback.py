"""A callback that was given up is told by mail, once; the log says what became of the mail."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.fallback import mail_given_up
from app.domain.partners.models import Environment, Partner
from app.domain.partners.people import add_partner_person
from app.domain.partners.take_order import take_order
from app.domain.webhooks.health import tell_given_up
from app.domain.webhooks.models import WebhookDelivery
from app.sandbox.simulators.notices.app import Notices
from tests.domain.partners.conftest import mails
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import make_brand


def _given_up(session: Session) -> tuple[Partner, Event]:
    """A partner of whose callbacks one was given up."""
    partner, now = make_partner(session, make_brand(session)), utc_now()
    keep_endpoint(
        session, partner, Environment.LIVE, url="https://groendus.example/", events=(), payload_version="", allows_http=False,
        ports=(443,), keyring=runtime().keyring, now=now, actor=SYSTEM,
    )  # fmt: skip
    take_order(session, partner, Environment.LIVE, incoming(), now=now)
    delivery_id = session.execute(sa.select(WebhookDelivery.id)).scalar_one()
    tell_given_up(session, delivery_id, why={"code": "tries_used", "outcome": "http_5xx", "tries": 3}, now=now)
    session.commit()
    return partner, session.execute(sa.select(Event).where(Event.type == "CallbackGivenUp")).scalar_one()


def _noted(session: Session) -> str:
    return session.execute(sa.select(WebhookDelivery.fallback).execution_options(populate_existing=True)).scalar_one()


def test_a_person_of_the_partner_is_told_once(db_session: Session, notices: Notices) -> None:
    partner, event = _given_up(db_session)
    add_partner_person(db_session, partner, email="paula@groendus.example", name="Paula", now=utc_now(), actor=SYSTEM)
    db_session.commit()
    mail_given_up(event)
    mail_given_up(event)
    (mail,) = mails(notices)
    assert mail["to"] == "paula@groendus.example"
    assert "http_5xx" in str(mail)
    assert f"/portal/endpoints/{event.payload['endpoint_id']}/deliveries/{event.payload['delivery_id']}" in str(mail)
    assert _noted(db_session) == "sent"


def test_where_nobody_can_be_told_the_log_says_so(db_session: Session, notices: Notices) -> None:
    _partner, event = _given_up(db_session)
    mail_given_up(event)
    assert (mails(notices), _noted(db_session)) == ([], "impossible")
