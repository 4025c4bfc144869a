"""A restored database tells nobody anything until somebody has looked; what is told then is newer than all before."""

from __future__ import annotations

import json

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.orders.models import OrderStatus
from app.domain.partners.endpoints import keep_endpoint
from app.domain.partners.models import Environment
from app.domain.partners.move_order import move_order
from app.domain.partners.restored import LEAP, begin_after_restore
from app.domain.partners.take_order import take_order
from app.domain.webhooks.actions import resume_endpoint
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from app.domain.webhooks.restored import DatabaseIdentity
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import make_brand
from tests.support.receiver import receiving


def restored(session: Session) -> bool:
    """As a start sees it."""
    found = begin_after_restore(session, now=utc_now())
    session.commit()
    return found


def deliver_all(session: Session) -> None:
    for row_id in session.execute(sa.select(WebhookDelivery.id).order_by(WebhookDelivery.number)).scalars().all():
        deliver(row_id)


def test_a_restored_database_is_silent_until_somebody_has_looked(app_context: Flask, db_session: Session) -> None:
    now = utc_now()
    assert [restored(db_session), restored(db_session)] == [False, False]
    partner = make_partner(db_session, make_brand(db_session))
    with receiving() as receiver:
        keep_endpoint(
            db_session, partner, Environment.LIVE, url=receiver.url, events=(), payload_version="", allows_http=True, ports=(),
            keyring=runtime().keyring, now=now, actor=SYSTEM,
        )  # fmt: skip
        row = take_order(db_session, partner, Environment.LIVE, incoming(), now=now).row
        db_session.execute(sa.update(DatabaseIdentity).values(name="the server of the copy"))
        db_session.commit()
        assert [restored(db_session), restored(db_session)] == [True, False]
        deliver_all(db_session)
        assert receiver.got == []
        endpoint = db_session.execute(sa.select(WebhookEndpoint).execution_options(populate_existing=True)).scalar_one()
        assert (endpoint.state, endpoint.state_reason) == ("paused", "restored")
        db_session.refresh(row)
        assert not move_order(db_session, partner, row, OrderStatus.APPROVED, reason="", context={}, now=now).refused
        resume_endpoint(db_session, endpoint, now=now, actor=SYSTEM)
        db_session.execute(sa.update(WebhookDelivery).values(run_at=sa.func.now()))
        db_session.commit()
        deliver_all(db_session)
        sequences = [json.loads(got.body)["sequence"] for got in receiver.got]
    assert sequences == [1, LEAP + 2]
