"""Administrators hear in time that a credential expires, and that a channel is down or works again; each once."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.actions import note_health
from app.domain.connections.alerts import alert_of_expiries, list_expiries, set_expiries
from app.domain.connections.daily_check import check_today, tell_of_troubles
from app.domain.connections.traffic import Flow
from app.domain.delivery.jobs import deliver
from app.domain.notifications.models import Notification, NotificationDispatch, NotificationKind, Way
from app.web.connections.condition import findings
from tests.factories import NOW, make_user
from tests.sandbox.simulators.whatsapp_world import World
from tests.support.pages import PageClient
from tests.web.connections.test_condition import make_delivery, make_number
from tests.web.connections.test_connecting import only, send, typed

TODAY = NOW.date()


def told(session: Session) -> list[str]:
    session.expire_all()
    query = sa.select(Notification.text).where(Notification.kind == NotificationKind.CHANNEL)
    return list(session.execute(query.order_by(Notification.created_at)).scalars())


def test_a_credential_is_told_of_30_7_and_1_days_before_each_once(
    app: Flask, db_session: Session, root: User, brand: Brand
) -> None:
    channel = make_number(app, db_session, brand)
    set_expiries(db_session, channel.id, {"access_token": TODAY + timedelta(days=31)})
    alerts = [alert_of_expiries(db_session, now=NOW + timedelta(days=day)) for day in range(35) for _round in range(2)]
    days = [number // 2 for number, count in enumerate(alerts) if count]
    assert [31 - day for day in days] == [30, 7, 1]
    assert len(told(db_session)) == 3


def test_one_that_is_entered_late_is_told_of_once(app: Flask, db_session: Session, root: User, brand: Brand) -> None:
    channel = make_number(app, db_session, brand)
    set_expiries(db_session, channel.id, {"access_token": TODAY + timedelta(days=5), "signing_secret": None})
    assert [alert_of_expiries(db_session, now=NOW) for _round in range(2)] == [1, 0]
    set_expiries(db_session, channel.id, {"access_token": TODAY + timedelta(days=400)})
    assert alert_of_expiries(db_session, now=NOW + timedelta(days=5)) == 0


def test_administrators_alone_are_told_in_the_app_and_by_mail_and_the_notice_leads_to_the_channel(
    app: Flask, page_client: PageClient, db_session: Session, root: User, brand: Brand
) -> None:
    lead = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    channel = make_number(app, db_session, brand)
    channel.name = "WhatsApp ChargeCars"
    set_expiries(db_session, channel.id, {"access_token": TODAY + timedelta(days=3)})
    alert_of_expiries(db_session, now=NOW)
    db_session.commit()
    found = db_session.execute(sa.select(Notification)).scalars().all()
    assert {one.user_id for one in found} == {root.id} != {lead.id}
    ways = db_session.execute(sa.select(NotificationDispatch.way)).scalars().all()
    assert ways == [Way.EMAIL]
    assert "WhatsApp ChargeCars: a credential expires on 2026-11-23" in page_client.get("/notifications").text
    assert page_client.get("/notifications/count").json["unread"] == 1  # type: ignore[index]
    opened = page_client.get(f"/notifications/{found[0].id}")
    assert opened.location == f"/settings/channels/{channel.id}"
    assert page_client.get("/notifications/count").json["unread"] == 0  # type: ignore[index]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (31, "Everything works."),
        (30, "A credential expires in 30 days."),
        (1, "A credential expires in 1 day."),
        (0, "A credential expires in 0 days."),
        (-1, "A credential has expired."),
    ],
)
def test_the_countdown_is_on_the_list(app: Flask, db_session: Session, brand: Brand, days: int, words: str) -> None:
    channel = make_number(app, db_session, brand)
    channel.health = "ok"
    with app.test_request_context():
        assert findings(channel, Flow(), now=NOW, expires=TODAY + timedelta(days=days))[0].text == words


def test_the_date_is_typed_where_the_channel_is_connected(
    page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    wrong = send(page_client, typed(brand, access_token_expires="tomorrow"))
    assert 'href="#field-access_token_expires"' in wrong.text
    soon = utc_now().date() + timedelta(days=3)
    assert send(page_client, typed(brand, access_token_expires=soon.isoformat())).status_code == 303
    channel = only(db_session)
    assert list_expiries(db_session, [channel.id]) == {channel.id: {"access_token": soon}}
    assert "A credential expires in 3 days." in page_client.get("/settings/channels").text
    assert soon.isoformat() in page_client.get(f"/settings/channels/{channel.id}/edit").text


@pytest.mark.parametrize(("days", "needs"), [(-1, True), (3, True), (400, False)])
def test_a_channel_that_works_on_an_expired_credential_needs_attention(
    page_client: PageClient, root: User, app: Flask, brand: Brand, db_session: Session, days: int, needs: bool
) -> None:
    channel = make_number(app, db_session, brand)
    channel.health = "ok"
    set_expiries(db_session, channel.id, {"access_token": utc_now().date() + timedelta(days=days)})
    db_session.commit()
    assert ("Needs attention" in page_client.get("/settings/channels").text) == needs


def test_a_channel_that_is_down_is_checked_every_day_and_told_of_once(
    app_context: Flask, db_session: Session, root: User, brand: Brand, whatsapp: World
) -> None:
    channel, fine = make_number(app_context, db_session, brand, "4711"), make_number(app_context, db_session, brand)
    db_session.commit()
    days = [NOW + timedelta(hours=hours) for hours in (0, 1, 24)]
    assert [(check_today(now=at), tell_of_troubles(now=at)) for at in days] == [(1, 1), (0, 0), (1, 0)]
    db_session.expire_all()
    assert (channel.health, fine.health, channel.trouble_since) == ("down", "ok", NOW)
    assert [text.startswith(f"{channel.name} is not working: ") for text in told(db_session)] == [True]


def test_a_trouble_that_is_mended_is_told_once_and_the_next_one_again(
    app_context: Flask, db_session: Session, root: User, brand: Brand
) -> None:
    channel = make_number(app_context, db_session, brand)
    alerts = []
    for health in ("ok", "down", "down", "degraded", "down", "ok", "ok", "degraded", "down"):
        note_health(db_session, channel, health=health, detail="Why", now=NOW)
        db_session.commit()
        alerts.append(tell_of_troubles(now=NOW))
        db_session.refresh(channel)
    assert alerts == [0, 1, 0, 0, 0, 1, 0, 0, 1]
    down, again = f"{channel.name} is not working: Why", f"{channel.name} is working again."
    assert sorted(told(db_session)) == sorted([down, again, down])


def test_a_channel_that_works_in_part_for_an_hour_is_told_of_and_again_when_it_is_down(
    app_context: Flask, db_session: Session, root: User, brand: Brand
) -> None:
    channel = make_number(app_context, db_session, brand)
    states = ("degraded", "degraded", "degraded", "degraded", "down", "degraded", "ok", "degraded", "ok")
    alerts = []
    for number, health in enumerate(states):
        at = NOW + number * timedelta(minutes=30)
        note_health(db_session, channel, health=health, detail="Why", now=at)
        db_session.commit()
        alerts.append(tell_of_troubles(now=at))
        db_session.refresh(channel)
    assert alerts == [0, 0, 1, 0, 1, 0, 1, 0, 0]
    in_part = f"{channel.name} has been only partly working for an hour: Why"
    down, again = f"{channel.name} is not working: Why", f"{channel.name} is working again."
    assert sorted(told(db_session)) == sorted([in_part, down, again])


def test_a_channel_that_is_off_troubles_nobody(app_context: Flask, db_session: Session, root: User, brand: Brand) -> None:
    channel = make_number(app_context, db_session, brand)
    channel.health, channel.is_active = "down", False
    db_session.commit()
    assert tell_of_troubles(now=NOW) == 0


def test_a_message_that_leaves_ends_the_trouble_of_its_channel(
    app_context: Flask, db_session: Session, root: User, brand: Brand, whatsapp: World
) -> None:
    channel = make_number(app_context, db_session, brand)
    note_health(db_session, channel, health="down", detail="Why", now=NOW)
    delivery = make_delivery(db_session, channel, at=utc_now())
    db_session.commit()
    assert tell_of_troubles(now=NOW) == 1
    deliver(row_id=str(delivery.id))
    assert (tell_of_troubles(now=NOW), sorted(told(db_session))[1]) == (1, f"{channel.name} is working again.")
