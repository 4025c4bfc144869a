"""A provider's hint wakes the poll of the mailbox it is about, and nobody else's hint does."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from rq import Queue
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.actions import switch_channel
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import Actor
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.notifications import client_state, renew_told_channel, subscribe_channel
from app.providers.graph.folders import FOLDERS
from tests.domain.ingest.mailbox_world import MailboxWorld
from tests.factories import NOW, make_brand, make_channel


@pytest.fixture
def mailbox(app_context: Flask, db_session: Session) -> Channel:
    channel = make_channel(
        db_session,
        make_brand(db_session),
        ChannelType.EMAIL_OUTLOOK,
        keyring=runtime().keyring,
        address="service@chargecars.example",
    )
    db_session.commit()
    return channel


def enqueued() -> list[str]:
    queue = Queue("live", connection=runtime().redis, serializer="json")
    return [str(job.kwargs["channel_id"]) for job in queue.jobs]


@pytest.mark.parametrize("path", ["/webhooks/outlook", "/webhooks/outlook/lifecycle", "/api/v1/webhooks/outlook"])
def test_the_handshake_repeats_the_token_as_plain_text(client: FlaskClient, path: str) -> None:
    answer = client.post(path, query_string={"validationToken": "Validation: <b>1</b> & more"})
    assert (answer.status_code, answer.mimetype, answer.text) == (200, "text/plain", "Validation: <b>1</b> & more")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_true_hint_enqueues_a_poll_of_its_mailbox(client: FlaskClient, mailbox: Channel) -> None:
    body = {"value": [{"clientState": client_state(mailbox.id), "changeType": "created"}, {"clientState": "forged"}]}
    assert client.post("/webhooks/outlook", json=body).status_code == 202
    assert enqueued() == [str(mailbox.id)]


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[]",
        b"null",
        json.dumps({"value": "x"}).encode(),
        json.dumps({"value": [1, None, {"clientState": "forged"}, {"clientState": None}, {}]}).encode(),
        json.dumps({"value": [{"clientState": "\ud800"}]}).encode(),
        b"[" * 100_000,
    ],
)
def test_a_forged_or_unreadable_hint_does_nothing(client: FlaskClient, mailbox: Channel, body: bytes) -> None:
    assert client.post("/webhooks/outlook", data=body, content_type="application/json").status_code == 202
    assert enqueued() == []


def test_a_mailbox_that_takes_part_again_is_subscribed_at_once_and_a_number_is_left_alone(
    mailbox: Channel, db_session: Session
) -> None:
    actor = Actor(None)
    promised = sa.select(sa.func.count()).where(OutboxEntry.handler == "subscribe_channel")
    before = db_session.execute(promised).scalar_one()
    for active in (False, True):
        switch_channel(db_session, mailbox, active=active, now=NOW, actor=actor)
    db_session.flush()
    assert db_session.execute(promised).scalar_one() == before + 1
    number = make_channel(db_session, make_brand(db_session, "other"), keyring=runtime().keyring)
    db_session.flush()
    event = db_session.execute(sa.select(Event).where(Event.payload["channel_id"].astext == str(number.id))).scalar_one()
    db_session.commit()
    subscribe_channel(event)


def test_a_subscription_graph_warns_of_is_renewed_and_one_it_removed_is_made_anew(
    client: FlaskClient, followed: MailboxWorld
) -> None:
    channel = followed.channel
    state = client_state(channel.id)
    items = [{"id": f"sub-{folder}", "expires_at": (utc_now() + timedelta(days=5)).isoformat()} for folder in FOLDERS]
    before = {folder: {**item, "url": "http://localhost/webhooks/outlook"} for folder, item in zip(FOLDERS, items, strict=True)}
    followed.session.execute(sa.update(Channel).values(subscription=before))
    followed.session.commit()
    body = {"value": [{"clientState": state, "lifecycleEvent": "reauthorizationRequired"}]}
    assert client.post("/webhooks/outlook/lifecycle", json=body).status_code == 202
    jobs = Queue("live", connection=runtime().redis, serializer="json").jobs
    assert sorted(job.func_name.rpartition(".")[2] for job in jobs) == ["poll_told_channel", "renew_told_channel"]
    assert client.post("/webhooks/outlook", json=body).status_code == 202
    assert len(Queue("live", connection=runtime().redis, serializer="json").jobs) == 3  # a hint renews nothing
    followed.simulator.fault("GET", "/subscriptions/", status=200, body={}, times=2)
    followed.simulator.fault("PATCH", "/subscriptions/", status=200, body={})
    followed.simulator.fault("PATCH", "/subscriptions/", status=404, body={})
    followed.simulator.fault("POST", "/subscriptions$", status=201, body={"id": "new"})
    renew_told_channel(channel_id=str(channel.id))
    followed.session.expire_all()
    after = {folder: one["id"] for folder, one in followed.channel.subscription.items()}
    assert after == {"inbox": "sub-inbox", "sentitems": "new"}
    made = json.loads(followed.simulator.calls("POST", "/subscriptions")[-1]["body"])
    assert made["lifecycleNotificationUrl"] == "http://localhost/webhooks/outlook/lifecycle"


def test_chosen_folders_are_told_of_and_one_that_was_deleted_holds_up_no_other(followed: MailboxWorld) -> None:
    channel = followed.channel
    channel.settings = {**channel.settings, "folders": {"AQMkGone": "Oud project", "AQMkOrders": "Bestellingen"}}
    followed.session.commit()
    for number in range(2):
        followed.simulator.fault("POST", "/subscriptions$", status=201, body={"id": f"usual {number}"})
    followed.simulator.fault("POST", "/subscriptions$", status=404, body={})
    followed.simulator.fault("POST", "/subscriptions$", status=201, body={"id": "orders"})
    renew_told_channel(channel_id=str(channel.id))
    followed.session.expire_all()
    assert {folder: one["id"] for folder, one in followed.channel.subscription.items()} == {
        "inbox": "usual 0",
        "sentitems": "usual 1",
        "AQMkOrders": "orders",
    }
    made = json.loads(followed.simulator.calls("POST", "/subscriptions")[-1]["body"])
    assert made["resource"].endswith("/mailFolders('AQMkOrders')/messages")
