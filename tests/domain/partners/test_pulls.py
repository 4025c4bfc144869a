"""Each partner of the list is asked over its own API, signed in at each way; failures are noted and change nothing."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.partners.actions import set_credentials
from app.domain.partners.models import Authentication, Environment, Partner, PartnerOrder, PartnerReport
from app.domain.partners.pulls import pull_partner, take_due
from app.domain.partners.take_order import take_order
from app.sandbox.simulators.partner_api import NAME, SECRET
from tests.domain.partners.conftest import WAYS, say
from tests.domain.partners.factories import incoming, make_partner
from tests.factories import make_brand


@pytest.mark.parametrize(("name", "authentication", "signs_in"), WAYS, ids=[way[0] for way in WAYS])
def test_a_partner_is_asked_and_what_it_says_follows_once(
    app_context: Flask, db_session: Session, apis: str, name: str, authentication: Authentication, signs_in: str
) -> None:
    now = utc_now()
    slug = name.lower().replace(" ", "-")
    url = f"{apis}/api/{slug}"
    partner = make_partner(
        db_session, make_brand(db_session), name, api_base_url=url, authentication_type=authentication, sync_enabled=True
    )
    take_order(db_session, partner, Environment.LIVE, incoming("P-1"), now=now)
    keyring = runtime().keyring
    set_credentials(db_session, partner, {"secret": "wrong", "username": NAME}, keyring=keyring, now=now, actor=SYSTEM)
    db_session.commit()
    said = {"timestamp": now.isoformat(), "notes": ""}
    say(url, signs_in=signs_in, orders=[
        {"partner_order_id": "P-1", "status": "CONFIRMED", **said}, {"partner_order_id": "P-1", "status": "NONSENSE", **said},
        {"partner_order_id": "OTHER", "status": "CONFIRMED", **said}, {"status": 7}, "x",
    ])  # fmt: skip
    assert partner.id in take_due(now)
    assert partner.id not in take_due(now)
    assert pull_partner(partner.id).endswith("it answered 401")
    assert _order(db_session).order_status == "new"
    credentials = {"secret": SECRET, "username": NAME}
    set_credentials(db_session, _partner(db_session), credentials, keyring=keyring, now=now, actor=SYSTEM)
    db_session.commit()
    assert (pull_partner(partner.id), pull_partner(partner.id)) == ("", "")
    assert _order(db_session).order_status == "approved"
    told = db_session.execute(sa.select(PartnerReport.word, PartnerReport.outcome, PartnerReport.reason)).all()
    assert sorted(tuple(row) for row in told) == [("CONFIRMED", "applied", ""), ("NONSENSE", "skipped", "no_status_mapping")]
    say(url, fails=503)
    known = _partner(db_session).pulled_until
    assert pull_partner(partner.id) == "GET orders: it answered 503"
    failed = _partner(db_session)
    assert (failed.pulled_until, failed.pull_problem) == (known, "GET orders: it answered 503")


def _partner(session: Session) -> Partner:
    return session.execute(sa.select(Partner).execution_options(populate_existing=True)).scalar_one()


def _order(session: Session) -> PartnerOrder:
    return session.execute(sa.select(PartnerOrder).execution_options(populate_existing=True)).scalar_one()
