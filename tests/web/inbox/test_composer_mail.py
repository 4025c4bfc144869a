"""A mail's copies and its signature, from the form to the envelope."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.envelope import outgoing_message
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Draft, Message, MessageType, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    """Alice answers Jane's mail, which was for the shop and for two others."""

    client: PageClient
    session: Session
    alice: User
    channel: Channel
    thread: Thread
    seen: Message

    def send(self, text: str = "Dag Jane", **fields: object) -> TestResponse:
        data = {
            "text": text,
            "client_token": uuid.uuid4(),
            "last_seen_message_id": self.seen.id,
            "channel_id": self.channel.id,
            "signature_shown": "1",
            "csrf_token": csrf_token(self.client.plain),
            **fields,
        }
        return self.client.post(f"/threads/{self.thread.id}/messages", data=data, headers={"HX-Request": "true"})

    def sent(self) -> list[tuple[Message, Delivery]]:
        query = sa.select(Message, Delivery).join(Delivery, Delivery.message_id == Message.id)
        return [(m, d) for m, d in self.session.execute(query.where(Message.message_type == MessageType.OUTGOING))]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    brand.email_signature = "Met vriendelijke groet,\nTeam ChargeCars"
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        channel = make_channel(
            db_session, brand, ChannelType.EMAIL_OUTLOOK, keyring=runtime().keyring, address="shop@chargecars.example"
        )
    thread = make_thread(
        db_session, channel, make_contact(db_session, "Jane", kind="email", value="jane@example.com"), at=utc_now()
    )
    parties = {
        "to": [{"name": "", "address": "shop+t12.abc@chargecars.example"}, {"name": "Piet", "address": "piet@example.com"}],
        "cc": [{"name": "", "address": "Jane@example.com"}, {"name": "", "address": "wim@example.com"}],
    }
    seen = make_message(
        db_session, thread, "Vraag", at=utc_now(), sender={"name": "Jane", "address": "jane@example.com"}, recipients=parties
    )
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, channel, thread, seen)


def test_copies_go_out_but_never_to_ourselves(desk: Desk) -> None:
    answer = desk.send(cc="Piet <piet@example.com>; SHOP+x@chargecars.example", bcc="baas@example.com, piet@example.com")
    assert answer.status_code == 200
    ((message, delivery),) = desk.sent()
    out = outgoing_message(delivery, message, desk.channel, [])
    assert [p.address() for p in out.to] == ["jane@example.com"]
    assert [p.address() for p in out.cc] == ["piet@example.com"]
    assert [p.address() for p in out.bcc] == ["baas@example.com"]


@pytest.mark.parametrize("bad", ["piet@", "geen adres", "a b@example.com", "x@localhost", "a..b@example.com"])
def test_address_that_is_none_is_named_and_nothing_is_lost(desk: Desk, bad: str) -> None:
    answer = desk.send("Mijn tekst", cc=f"wim@example.com, {bad}")
    assert answer.status_code == 422
    assert "Mijn tekst" in answer.text
    assert f"“{bad}” is not an email address" in answer.text
    assert "wim@example.com" in answer.text
    assert desk.sent() == []


def test_reply_all_is_offered_and_names_everybody_but_us_and_the_sender(desk: Desk) -> None:
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Reply all: 2 others" in page
    everybody = desk.client.get(f"/threads/{desk.thread.id}?reply_all=1").text
    assert 'value="piet@example.com, wim@example.com"' in everybody


@pytest.mark.parametrize("signed", [True, False])
def test_both_parts_carry_the_signature_unless_it_is_switched_off(desk: Desk, signed: bool) -> None:
    desk.send(**({"signed": "1"} if signed else {}))
    ((message, delivery),) = desk.sent()
    out = outgoing_message(delivery, message, desk.channel, [])
    assert message.text == "Dag Jane"
    assert ("Met vriendelijke groet,\nAlice\nTeam ChargeCars" in out.text) == signed
    assert ("Met vriendelijke groet,<br>\nAlice<br>\nTeam ChargeCars" in out.html) == signed
    assert "Met vriendelijke groet,\nAlice" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_undo_brings_back_whom_it_was_for(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 10
    desk.session.commit()
    desk.send(cc="wim@example.com")
    ((message, _delivery),) = desk.sent()
    path = f"/messages/{message.id}/undo"
    answer = desk.client.post(path, data={"csrf_token": csrf_token(desk.client.plain)}, headers={"HX-Request": "true"})
    draft = desk.session.get_one(Draft, (desk.alice.id, desk.thread.id, "reply"))
    assert draft.options.items() >= {"cc": "wim@example.com", "bcc": "", "unsigned": True}.items()
    assert 'value="wim@example.com"' in answer.text
