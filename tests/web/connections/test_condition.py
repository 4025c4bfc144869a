"""How a channel is, in words; and a paused one, which receives and does not send."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.core.db import table_of
from app.core.runtime import runtime
from app.core.work import hinting, take_hints
from app.domain.accounts.models import Brand, User
from app.domain.connections.actions import switch_channel
from app.domain.connections.gate import OPENS_AFTER, Gate
from app.domain.connections.models import Channel
from app.domain.connections.traffic import Flow, read_flows
from app.domain.delivery.jobs import deliver, may_go
from app.domain.delivery.models import Delivery, DeliveryAttempt
from app.domain.events.actions import SYSTEM
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.threads.models import MessageType
from app.web.connections.condition import findings
from tests.factories import NOW, make_channel, make_contact, make_message, make_thread
from tests.sandbox.simulators.whatsapp_world import JAN, NUMBER_ID, WABA_ID, World
from tests.support.pages import PageClient
from tests.support.signing_in import post

TO = {"to": [{"name": "", "identities": [{"kind": "wa_id", "value": JAN, "scope": ""}]}]}


def make_number(app: Flask, session: Session, brand: Brand, address: str = NUMBER_ID) -> Channel:
    with app.app_context():
        keyring = runtime().keyring
    secrets = {"access_token": "simulated-access-token", "signing_secret": "simulated-app-secret"}
    return make_channel(session, brand, keyring=keyring, address=address, secrets=secrets, settings={"waba_id": WABA_ID})


def make_delivery(session: Session, channel: Channel, *, at: datetime = NOW, **values: object) -> Delivery:
    thread = make_thread(session, channel, make_contact(session, value=JAN))
    make_message(session, thread, at=at)
    message = make_message(session, thread, "Tot straks", message_type=MessageType.OUTGOING, at=at)
    made = Delivery(message_id=message.id, thread_id=thread.id, channel_id=channel.id, outgoing=TO, created_at=at, run_at=at)
    made.attempts, made.progress = 0, {}
    for name, value in values.items():
        setattr(made, name, value)
    session.add(made)
    session.flush()
    return made


def say(app: Flask, channel: Channel, flow: Flow, now: datetime = NOW) -> list[str]:
    with app.test_request_context():
        return [one.text for one in findings(channel, flow, now=now)]


def test_the_flow_says_what_went_what_waits_and_what_failed(app: Flask, db_session: Session, brand: Brand) -> None:
    channel, other = make_number(app, db_session, brand), make_number(app, db_session, brand, "1067")
    sent_at, long_ago = NOW - timedelta(hours=2), NOW - timedelta(hours=25)
    make_delivery(db_session, channel, at=sent_at, state="done", status=DeliveryStatus.SENT, accepted_at=sent_at)
    make_delivery(db_session, channel, at=NOW - timedelta(hours=1), state="failed", status=DeliveryStatus.FAILED)
    make_delivery(db_session, channel, at=long_ago, state="failed", status=DeliveryStatus.FAILED)
    make_delivery(db_session, channel, at=NOW - timedelta(minutes=20))
    store_event(db_session, RawEvent(source="whatsapp", dedupe_key="1", body=b"{}", channel_id=channel.id))
    found = read_flows(db_session, [channel.id, other.id], now=NOW)
    assert found[other.id] == Flow()
    flow = found[channel.id]
    assert (flow.last_out_at, flow.waiting_out_since, flow.waiting_out) == (sent_at, NOW - timedelta(minutes=20), 1)
    assert (flow.tried, flow.failed, flow.waiting_in_since is not None) == (3, 1, True)


@pytest.mark.parametrize(
    ("health", "flow", "worst"),
    [
        ("ok", Flow(), "Everything works."),
        ("ok", Flow(tried=4, failed=4), "Everything works."),
        ("ok", Flow(tried=20, failed=2), "2 of 20 messages failed in the last 24 hours."),
        ("ok", Flow(tried=21, failed=2), "Everything works."),
        ("ok", Flow(waiting_out_since=NOW - timedelta(minutes=16), waiting_out=1), "1 message is waiting to be sent."),
        ("ok", Flow(waiting_out_since=NOW - timedelta(minutes=15), waiting_out=1), "Everything works."),
        ("ok", Flow(waiting_in_since=NOW - timedelta(minutes=6)), "Incoming events have been waiting for over 5 minutes."),
        ("degraded", Flow(), "Some requests fail."),
        ("down", Flow(tried=20, failed=20), "The provider refuses access."),
        ("unknown", Flow(), "The connection has not been checked yet."),
    ],
)
def test_the_worst_comes_first(app: Flask, db_session: Session, brand: Brand, health: str, flow: Flow, worst: str) -> None:
    channel = make_number(app, db_session, brand)
    channel.health = health
    assert say(app, channel, flow)[0] == worst


def test_the_list_shows_the_worst_first_and_what_is_off_last(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    fine, off, down = (make_number(app, db_session, brand, address) for address in ("1", "2", "3"))
    for channel, name, health in ((fine, "A fine", "ok"), (off, "B off", "down"), (down, "C down", "down")):
        channel.name, channel.health = name, health
    switch_channel(db_session, off, active=False, now=NOW, actor=SYSTEM)
    db_session.commit()
    text = page_client.get("/settings/channels").text
    assert text.index("C down") < text.index("A fine") < text.index("B off")


def test_a_paused_channel_receives_and_sends_what_waits_once_when_it_is_resumed(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = make_number(app, db_session, brand)
    delivery = make_delivery(db_session, channel, at=utc_now())
    db_session.commit()
    path = f"/settings/channels/{channel.id}/pause"
    assert post(page_client.plain, path, {"paused": "1"}).status_code == 303
    assert "Paused; 1 message is waiting." in page_client.get(f"/settings/channels/{channel.id}").text
    work(app, db_session, delivery)
    assert (hinted(app, db_session), attempts(db_session), sends(whatsapp)) == ([], 0, 0)
    assert post(page_client.plain, path, {"paused": "0"}).status_code == 303
    assert hinted(app, db_session) == [delivery.id]
    for _round in range(2):
        work(app, db_session, delivery)
    assert (attempts(db_session), sends(whatsapp)) == (1, 1)
    assert post(page_client.plain, path, {"paused": "perhaps"}).status_code == 422


def test_a_channel_that_rests_says_so_and_goes_on_once_a_check_succeeds(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = make_number(app, db_session, brand)
    db_session.commit()
    path = f"/settings/channels/{channel.id}"
    with app.app_context():
        gate = Gate(runtime().redis, channel.id, "whatsapp_business")
    for _time in range(OPENS_AFTER):
        gate.note_failure(now=utc_now().timestamp(), retry_after_seconds=None)
    with app.app_context():
        reads = Gate(runtime().redis, channel.id, "whatsapp_business", lane="read")
    for _time in range(OPENS_AFTER):
        reads.note_failure(now=utc_now().timestamp(), retry_after_seconds=None)
    shown = page_client.get(path).text
    assert "Failed requests in a row: 5. The first failure was at" in shown
    assert "Sending is paused for another" in shown
    assert "Fetching is paused for another" in shown
    post(page_client.plain, f"{path}/check")
    assert "Failed requests in a row" not in page_client.get(path).text


def work(app: Flask, session: Session, delivery: Delivery) -> None:
    with app.app_context():
        deliver(row_id=str(delivery.id))
    session.expire_all()


def hinted(app: Flask, session: Session) -> list[object]:
    return [row.id for row in take_hints(session, hinting(table_of(Delivery), sweep_seconds=15, where=may_go()))]


def attempts(session: Session) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(DeliveryAttempt)).scalar_one())


def sends(whatsapp: World) -> int:
    return sum(request["path"].endswith("/messages") for request in whatsapp.control("requests", "GET")["requests"])
