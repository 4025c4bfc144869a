"""Every kind of WhatsApp post, three times each, shuffled, with four workers: what one worker makes of each once, in order."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.request import Request, urlopen

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.config import Settings
from app.contract.base import DeliveryStatus
from app.core.db import db, transaction
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.delivery.models import Delivery
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message, MessageType
from app.process.launch.parts import workers
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread
from tests.providers.whatsapp_cloud.payload_files import NAMES, body_of
from tests.support.database import TestServers
from tests.support.live import running_application
from tests.support.waiting import wait_until

NUMBER = "106600000000001"
SECRET = "app-secret"
PATIENCE_SECONDS = 240
# Files whose name says that they are broken repeat the ids of whole ones; they are tried one by one elsewhere.
BODIES = [body_of(name) for name in NAMES if not name.startswith("broken_")]
# What the provider may report of one message, and where it must end.
REPORTED = {
    ("sent",): "sent",
    ("sent", "delivered"): "delivered",
    ("sent", "delivered", "read"): "read",
    ("read",): "read",
    ("sent", "failed"): "failed",
    ("failed", "delivered"): "delivered",
}

Seen = dict[str, tuple[str, str]]


def wamid_of(reports: tuple[str, ...]) -> str:
    return "wamid.OURS-" + "-".join(reports)


def status_body(wamid: str, status: str, second: int) -> bytes:
    report = {"id": wamid, "status": status, "timestamp": str(1795234570 + second), "recipient_id": "31612345678"}
    errors = {"errors": [{"code": 131026, "title": "Message undeliverable"}]} if status == "failed" else {}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, "statuses": [{**report, **errors}]}
    entry = {"id": "WABA", "changes": [{"field": "messages", "value": value}]}
    return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()


STATUS_BODIES = [status_body(wamid_of(reports), s, n) for reports in REPORTED for n, s in enumerate(reports)]


def signed(body: bytes) -> dict[str, str]:
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}


def found_company() -> None:
    """A number, and one sent message for each history of reports."""
    with transaction() as session:
        channel = make_channel(
            session, make_brand(session), keyring=runtime().keyring, address=NUMBER, secrets={"signing_secret": SECRET}
        )
        thread = make_thread(session, channel, make_contact(session, value="31600000000"))
        for n, reports in enumerate(REPORTED):
            values: dict[str, Any] = {"external_id": wamid_of(reports), "delivery_status": "accepted"}
            at = NOW + timedelta(minutes=n)
            message = make_message(session, thread, "antwoord", at=at, message_type=MessageType.OUTGOING, **values)
            session.add(
                Delivery(
                    id=new_id(), message_id=message.id, thread_id=thread.id, channel_id=channel.id, created_at=at, run_at=at,
                    status=DeliveryStatus.ACCEPTED, state="done", provider_message_id=wamid_of(reports),
                )
            )  # fmt: skip


def seen(session: Session) -> Seen:
    """Kind and text by the provider's id; raises if one is there twice."""
    rows = session.execute(
        sa.select(Message.external_id, Message.kind, Message.text).where(Message.external_id.is_not(None))
    ).all()
    twice = [external_id for external_id, count in Counter(row.external_id for row in rows).items() if count > 1]
    assert not twice, twice
    return {row.external_id: (row.kind, row.text) for row in rows}


def kept_back(session: Session) -> list[str]:
    """Why posts wait for a person."""
    query = sa.select(InboundEvent.reason).where(InboundEvent.state == "quarantined")
    return sorted(session.execute(query).scalars())


def post(url: str, body: bytes) -> int:
    with urlopen(Request(url, data=body, headers=signed(body)), timeout=60) as answer:
        return int(answer.status)


def by_one_worker(app: Flask) -> tuple[Seen, list[str]]:
    client = app.test_client()
    with app.app_context():
        found_company()
        for body in BODIES:
            assert client.post("/webhooks/whatsapp", data=body, headers=signed(body)).status_code == 200
        for event_id in db.session.execute(sa.select(InboundEvent.id).order_by(InboundEvent.id)).scalars().all():
            process_inbound_event(row_id=str(event_id))
        return seen(db.session()), kept_back(db.session())


def is_done() -> bool:
    db.session.rollback()  # what others committed since
    open_events = sa.select(sa.func.count()).where(InboundEvent.state.in_(["ready", "running"]))
    return db.session.execute(open_events).scalar_one() == 0


@pytest.mark.processes
@pytest.mark.full
@pytest.mark.timeout(1800)
def test_every_post_three_times_shuffled_over_four_workers_is_seen_once(
    fresh_app: Flask, servers: TestServers, settings: Settings
) -> None:
    expected = by_one_worker(fresh_app)
    assert len(expected[0]) > 50
    _name, url = servers.new_database()
    posts = [*BODIES, *STATUS_BODIES] * 3
    random.Random(4).shuffle(posts)
    with running_application(replace(settings, database_url=url, redis_url=f"{servers.redis_url[:-1]}3")) as live:
        for number in range(2, 5):
            live.start(replace(workers()[0], name=f"live-{number}"))
        with live.app.app_context():
            found_company()
            with ThreadPoolExecutor(4) as pool:
                assert set(pool.map(partial(post, f"{live.url}/webhooks/whatsapp"), posts)) == {200}
            wait_until(is_done, "every event to be processed", seconds=PATIENCE_SECONDS)
            session = db.session()
            assert (seen(session), kept_back(session)) == expected
            for reports, end in REPORTED.items():
                query = sa.select(Message.delivery_status).where(Message.external_id == wamid_of(reports))
                assert session.execute(query).scalar_one() == end, reports
