"""A chat message from its webhook to the thread: stored before the answer, visible once, whatever is repeated or reordered."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent, IntakeCount
from app.domain.threads.models import Message, PendingChange, Thread, ThreadStatus
from tests.factories import make_brand, make_channel

NUMBER = "1066000000001"
SECRET = "app-secret"
# When the first message was written: what lies ahead of now would count as written now.
AT = int(utc_now().timestamp()) - 86_400


@dataclass
class Provider:
    """Signs and posts bodies as the provider does, and lets the worker's job run for whatever was stored."""

    client: FlaskClient
    session: Session

    def post(self, *values: dict[str, Any], secret: str = SECRET, body: bytes | None = None) -> int:
        body = body if body is not None else envelope(*values)
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": signature, "Content-Type": "application/json"}
        return self.client.post("/webhooks/whatsapp", data=body, headers=headers).status_code

    def work(self) -> None:
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for row_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(row_id))
        self.session.expire_all()


def envelope(*values: dict[str, Any]) -> bytes:
    changes = [
        {"field": "messages", "value": {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}, **v}}
        for v in values
    ]
    return json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "WABA", "changes": changes}]}).encode()


def says(text: str, *, wamid: str, sender: str = "31612345678", at: int = AT, **more: Any) -> dict[str, Any]:
    message = {"id": wamid, "from": sender, "timestamp": str(at), "type": "text", "text": {"body": text}, **more}
    return {"contacts": [{"profile": {"name": "Pieter van Dam"}, "wa_id": sender}], "messages": [message]}


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    brand = make_brand(db_session)
    channel = make_channel(
        db_session,
        brand,
        keyring=runtime().keyring,
        address=NUMBER,
        secrets={"signing_secret": SECRET, "verify_token": "let-me-in"},
    )
    db_session.commit()
    return channel


@pytest.fixture
def provider(client: FlaskClient, db_session: Session, channel: Channel) -> Provider:
    return Provider(client, db_session)


def texts(session: Session) -> list[str]:
    return list(session.execute(sa.select(Message.text).order_by(Message.occurred_at, Message.seq)).scalars())


def test_a_message_becomes_a_thread_with_its_contact(provider: Provider, db_session: Session) -> None:
    assert provider.post(says("Hij knippert rood", wamid="wamid.1")) == 200
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 1
    provider.work()
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.preview, thread.status, thread.message_count) == ("Hij knippert rood", ThreadStatus.OPEN, 1)
    assert thread.window_opened_at is not None
    contact = db_session.execute(sa.select(Contact)).scalar_one()
    assert contact.name == "Pieter van Dam"
    kinds = {i.kind for i in db_session.execute(sa.select(ContactIdentity)).scalars()}
    assert {"wa_id", "phone"} <= kinds


def test_the_event_promises_a_push_in_the_same_transaction(provider: Provider, db_session: Session) -> None:
    provider.post(says("hoi", wamid="wamid.1"))
    provider.work()
    received = db_session.execute(sa.select(Event).where(Event.type == "MessageReceived")).scalar_one()
    handlers = db_session.execute(sa.select(OutboxEntry.handler).where(OutboxEntry.event_id == received.id)).scalars().all()
    assert handlers == ["push_thread_change", "tell_of_new_work"]


def test_the_same_post_three_times_is_one_message(provider: Provider, db_session: Session) -> None:
    for _ in range(3):
        assert provider.post(says("hoi", wamid="wamid.1")) == 200
    provider.work()
    assert texts(db_session) == ["hoi"]


def test_one_message_in_two_different_batches_is_visible_once(provider: Provider, db_session: Session) -> None:
    provider.post(says("een", wamid="wamid.1"), says("twee", wamid="wamid.2", at=AT + 1))
    provider.post(says("twee", wamid="wamid.2", at=AT + 1), says("drie", wamid="wamid.3", at=AT + 2))
    provider.work()
    assert texts(db_session) == ["een", "twee", "drie"]


def test_processing_an_event_again_changes_nothing(provider: Provider, db_session: Session) -> None:
    provider.post(says("hoi", wamid="wamid.1"))
    provider.work()
    db_session.execute(sa.update(InboundEvent).values(state="ready"))
    db_session.commit()
    provider.work()
    assert texts(db_session) == ["hoi"]
    assert db_session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == 1


def test_shuffled_messages_stand_in_their_own_order(provider: Provider, db_session: Session) -> None:
    values = [says(f"bericht {n}", wamid=f"wamid.{n}", at=AT + n) for n in range(12)]
    random.Random(7).shuffle(values)
    for value in values:
        provider.post(value)
    provider.work()
    assert texts(db_session) == [f"bericht {n}" for n in range(12)]
    assert db_session.execute(sa.select(Thread.preview)).scalar_one() == "bericht 11"


def test_an_edit_and_a_reaction_before_the_original_wait_for_it(provider: Provider, db_session: Session) -> None:
    edit = says(
        "",
        wamid="wamid.9",
        at=AT + 20,
        type="edit",
        edit={"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "nieuw"}}},
    )
    provider.post(edit)
    provider.work()
    assert db_session.execute(sa.select(sa.func.count()).select_from(PendingChange)).scalar_one() == 1
    provider.post(says("oud", wamid="wamid.1"))
    provider.work()
    message = db_session.execute(sa.select(Message)).scalar_one()
    assert (message.text, [e["text"] for e in message.edits]) == ("nieuw", ["oud", "nieuw"])
    assert db_session.execute(sa.select(sa.func.count()).select_from(PendingChange)).scalar_one() == 0


def test_a_new_message_reopens_a_thread_resolved_lately(provider: Provider, db_session: Session) -> None:
    provider.post(says("hoi", wamid="wamid.1"))
    provider.work()
    db_session.execute(sa.update(Thread).values(status="resolved", resolved_at=sa.func.now()))
    db_session.commit()
    provider.post(says("toch niet", wamid="wamid.2", at=AT + 10))
    provider.work()
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.status, thread.resolved_at) == (ThreadStatus.OPEN, None)


def test_a_wrong_signature_stores_nothing_but_a_count(provider: Provider, db_session: Session) -> None:
    assert provider.post(says("hoi", wamid="wamid.1"), secret="somebody else's") == 401
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 0
    assert db_session.execute(sa.select(IntakeCount.count)).scalar_one() == 1


def test_a_signed_body_that_is_no_json_is_kept_in_quarantine(provider: Provider, db_session: Session) -> None:
    assert provider.post(body=b"{not json") == 200
    event = db_session.execute(sa.select(InboundEvent)).scalar_one()
    assert event.state == "quarantined"
    assert event.reason
    assert event.body == b"{not json"


def test_a_post_for_a_number_we_do_not_have_is_kept_in_quarantine(provider: Provider, db_session: Session) -> None:
    body = envelope(says("hoi", wamid="wamid.1")).replace(NUMBER.encode(), b"999")
    assert provider.post(body=body) == 200
    assert db_session.execute(sa.select(InboundEvent.state)).scalar_one() == "quarantined"


def test_an_oversize_body_is_refused_before_it_is_read(provider: Provider, db_session: Session) -> None:
    assert provider.post(body=b"x" * (3 * 1024 * 1024 + 1)) == 413
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 0


def test_nul_bytes_and_markup_in_every_field_are_only_text(provider: Provider, db_session: Session) -> None:
    nasty = "a\u0000b'; DROP TABLE threads; -- <script>alert(1)</script>"
    value = says(nasty, wamid="wamid.1")
    value["contacts"][0]["profile"]["name"] = nasty
    provider.post(value)
    provider.work()
    message = db_session.execute(sa.select(Message)).scalar_one()
    assert message.text == nasty.replace("\u0000", "\ufffd")  # what cannot be stored is shown to have been there


@pytest.mark.parametrize(("token", "status"), [("let-me-in", 200), ("guess", 403), ("", 403)])
def test_the_handshake_echoes_the_challenge_for_our_token_only(
    client: FlaskClient, channel: Channel, token: str, status: int
) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": token}
    answer = client.get("/webhooks/whatsapp", query_string=query)
    assert answer.status_code == status
    assert answer.text == ("1158201444" if status == 200 else "")
