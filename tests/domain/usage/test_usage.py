"""From a call to a row to a page: added up over processes, seen by those who may, gone after its time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.metering import STEPS_MS, Endpoint, Meter
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.connections.account import account_of
from app.domain.connections.models import ChannelType
from app.domain.usage.jobs import writer
from app.domain.usage.models import UsageDay
from app.domain.usage.queries import list_usage, p95_ms
from app.process.background.prune import prune
from tests.factories import make_brand, make_channel, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

DAY = date(2026, 11, 22)
SEND = Endpoint("graph", "POST sendMail", "a")


def counted(app: Flask, calls: list[tuple[Endpoint, int | None, float, date]]) -> None:
    meter = Meter(writer(app), every_seconds=0)
    for endpoint, status, seconds, day in calls:
        meter.note(endpoint, status=status, seconds=seconds, day=day)
    meter.flush()


def test_what_several_processes_counted_is_added_up(app_context: Flask, db_session: Session) -> None:
    counted(app_context, [(SEND, 200, 0.04, DAY)] * 19 + [(SEND, 429, 4.0, DAY)])
    counted(app_context, [(SEND, 200, 0.04, DAY), (SEND, None, 70.0, DAY + timedelta(days=1))])
    (row,) = list_usage(db_session, first=DAY, last=DAY, accounts=["a"])
    assert (row.requests, row.failures, row.throttled, row.p95_ms) == (21, 1, 1, 50)
    assert row.average_ms == pytest.approx(1000 * (20 * 0.04 + 4) / 21)
    (both,) = list_usage(db_session, first=DAY, last=DAY + timedelta(days=1), accounts=["a"])
    assert (both.requests, both.failures, round(both.success_percent, 1)) == (22, 2, 90.9)
    assert list_usage(db_session, first=DAY, last=DAY, accounts=["b"]) == []


def test_p95_is_the_step_that_95_of_100_stay_within() -> None:
    steps = [0] * (len(STEPS_MS) + 1)
    assert p95_ms([95, *steps[1:-1], 5]) == STEPS_MS[0]
    assert p95_ms([94, 1, *steps[2:-1], 5]) == STEPS_MS[1]
    assert p95_ms([94, *steps[1:-1], 6]) is None


def test_the_calls_of_those_outside_are_counted_by_route_without_their_keys(
    app_context: Flask, db_session: Session, page_client: PageClient
) -> None:
    meter = runtime().meter
    meter.flush()
    db_session.execute(sa.delete(UsageDay))  # what other tests of this process called
    page_client.plain.post("/api/v1/webhooks/email/inbound/very-secret-key", data=b"x")
    page_client.plain.post("/webhooks/sms", data={"Body": "x"})
    meter.flush()
    query = sa.select(UsageDay.provider, UsageDay.endpoint, UsageDay.is_ours, UsageDay.requests).order_by(UsageDay.provider)
    assert [tuple(row) for row in db_session.execute(query)] == [
        ("email", "POST /webhooks/email/inbound/<key>", True, 1),
        ("sms", "POST /webhooks/sms", True, 1),
    ]


def test_the_page_shows_the_connections_of_ones_brands_alone(
    app_context: Flask, db_session: Session, page_client: PageClient
) -> None:
    ours, theirs = make_brand(db_session, name="Ons", key="ons"), make_brand(db_session, name="Hun", key="hun")
    of_type = {"channel_type": ChannelType.EMAIL, "keyring": runtime().keyring}
    seen = make_channel(db_session, ours, name="Service", address="a@ons.example", **of_type)
    hidden = make_channel(db_session, theirs, name="Geheim", address="a@hun.example", **of_type)
    lead = make_user(db_session, role=Role.LEAD, brands=(ours,))
    db_session.commit()
    today = utc_now().date()
    calls = [(Endpoint("sendgrid", "POST mail/send", str(one.id)), 200, 0.1, today) for one in (seen, hidden)]
    counted(app_context, [*calls, (Endpoint("pdok", "GET free"), 200, 61.0, today)])
    sign_in(page_client.plain, db_session, lead)
    shown = page_client.get("/settings/channels/usage")
    assert ("Service" in shown.text, "Geheim" in shown.text, "PDOK" in shown.text) == (True, False, True)
    assert "more than 60,000 ms" in shown.text


def test_mail_servers_are_counted_by_this_application_and_shown(
    app_context: Flask, db_session: Session, page_client: PageClient
) -> None:
    brand = make_brand(db_session)
    channel = make_channel(
        db_session,
        brand,
        name="Postbus",
        address="a@ons.example",
        channel_type=ChannelType.EMAIL,
        keyring=runtime().keyring,
        settings={"smtp_host": "127.0.0.1", "smtp_port": 9, "smtp_security": "none"},
        secrets={"password": "x"},
    )
    lead = make_user(db_session, role=Role.LEAD, brands=(brand,))
    db_session.commit()
    account = account_of(channel)
    assert not runtime().adapters.checkers["email/smtp"].check(account=account).ok  # nobody listens there
    runtime().meter.flush()
    sign_in(page_client.plain, db_session, lead)
    shown = page_client.get("/settings/channels/usage").text
    assert ("Postbus" in shown, "SMTP LOGIN" in shown, "Mail server" in shown) == (True, True, True)


def test_days_that_are_none_are_refused_by_name(app_context: Flask, db_session: Session, page_client: PageClient) -> None:
    lead = make_user(db_session, role=Role.LEAD, brands=(make_brand(db_session),))
    db_session.commit()
    sign_in(page_client.plain, db_session, lead)
    wrong = page_client.get("/settings/channels/usage?from=2026-02-30&to=2026-01-01")
    assert (wrong.status_code, "Enter a date." in wrong.text) == (422, True)
    turned = page_client.get("/settings/channels/usage?from=2026-02-02&to=2026-01-01")
    assert (turned.status_code, "The last day comes before the first." in turned.text) == (422, True)
    assert "No requests on these days" in page_client.get("/settings/channels/usage?from=2020-01-01&to=2020-01-01").text


def test_old_days_go(app_context: Flask, db_session: Session) -> None:
    today = utc_now().date()
    counted(app_context, [(SEND, 200, 0.1, today - timedelta(days=age)) for age in (0, 99, 101)])
    prune()
    days = db_session.execute(sa.select(UsageDay.called_date).order_by(UsageDay.called_date)).scalars().all()
    assert days == [today - timedelta(days=99), today]
