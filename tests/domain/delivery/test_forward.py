"""A message passed on by mail: what goes out, how the answer comes back, and that an answer to the contact stays theirs."""

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
from app.domain.delivery.third_parties import list_third_parties
from app.domain.threads.models import Attachment, Message, MessageType, Thread, ThreadStatus
from app.mail.addressing import read_plus_token
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    """Alice, a WhatsApp thread with a message and a file, and a mailbox of the same brand."""

    app: Flask
    client: PageClient
    session: Session
    alice: User
    thread: Thread
    message: Message
    file: Attachment

    def forward(self, message: Message | None = None, **fields: object) -> TestResponse:
        fields = {"to": "monteur@partner.example", "client_token": uuid.uuid4(), **fields}
        data = {**fields, "csrf_token": csrf_token(self.client.plain)}
        path = f"/messages/{(message or self.message).id}/forward"
        return self.client.post(path, data=data, headers={"HX-Request": "true"})

    def outgoing(self) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == MessageType.OUTGOING).order_by(Message.seq)
        return list(self.session.execute(query).scalars())

    def delivery(self) -> Delivery:
        return self.session.execute(sa.select(Delivery)).scalar_one()


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        chat = make_channel(db_session, brand, keyring=runtime().keyring)
        make_channel(
            db_session,
            brand,
            keyring=runtime().keyring,
            channel_type=ChannelType.EMAIL_OUTLOOK,
            address="service@chargecars.example",
        )
        key = runtime().storage.put(b"foto").key
    thread = make_thread(db_session, chat, make_contact(db_session), at=utc_now())
    message = make_message(db_session, thread, "De paal vonkt, zie foto", at=utc_now())
    file = Attachment(
        message_id=message.id, thread_id=thread.id, filename="vonk.jpg", content_type="image/jpeg", size_bytes=4, storage_key=key
    )
    file.created_at = utc_now()
    db_session.add(file)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(app, page_client, db_session, alice, thread, message, file)


def test_message_of_any_channel_goes_out_as_mail_with_its_original_and_chosen_files(desk: Desk) -> None:
    form = desk.client.get(f"/messages/{desk.message.id}/forward").text
    assert "vonk.jpg" in form
    assert 'value="Fwd: De paal vonkt, zie foto"' in form
    answer = desk.forward(text="Kun jij kijken?", cc="baas@partner.example", file_id=desk.file.id)
    assert answer.status_code == 200
    (message,) = desk.outgoing()
    assert message.subject == "Fwd: De paal vonkt, zie foto"
    assert message.text.startswith("Kun jij kijken?")
    assert message.text.rstrip().endswith("De paal vonkt, zie foto")
    assert [party["address"] for party in message.recipients["to"]] == ["monteur@partner.example"]
    copies = sa.select(Attachment.filename, Attachment.storage_key).where(Attachment.message_id == message.id)
    assert desk.session.execute(copies).all() == [("vonk.jpg", desk.file.storage_key)]
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Forwarded to monteur@partner.example, baas@partner.example" in " ".join(page.split()) or "Forwarded to" in page
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status == ThreadStatus.OPEN


def test_answer_comes_back_to_the_thread_by_the_signed_address(desk: Desk) -> None:
    desk.forward()
    reply_address = desk.delivery().outgoing["reply_address"]
    token = reply_address.partition("@")[0].partition("+")[2]
    with desk.app.app_context():
        number = read_plus_token(token, keys=runtime().mail_keys, today=utc_now().date())
    assert number == desk.thread.number
    assert "in_reply_to" not in desk.delivery().outgoing


def test_same_form_twice_is_one_mail(desk: Desk) -> None:
    token = uuid.uuid4()
    desk.forward(client_token=token)
    desk.forward(client_token=token)
    assert len(desk.outgoing()) == 1


@pytest.mark.parametrize(
    ("to", "words"), [("", "Enter a recipient"), ("geen adres", "is not an email address"), ("a@b.example, x", "not an email")]
)
def test_bad_address_is_named_and_the_text_stays(desk: Desk, to: str, words: str) -> None:
    answer = desk.forward(to=to, text="Mijn vraag", subject="Vonken")
    assert answer.status_code == 422
    assert words in answer.text
    assert "Mijn vraag" in answer.text
    assert 'value="Vonken"' in answer.text
    assert desk.outgoing() == []


def test_note_is_never_forwarded(desk: Desk) -> None:
    note = make_message(desk.session, desk.thread, "Lastige klant", at=utc_now())
    note.message_type = MessageType.INTERNAL_NOTE
    desk.session.commit()
    assert desk.forward(note).status_code == 404


def test_a_blind_copy_is_seen_by_us_alone_and_its_reader_is_a_third_party(desk: Desk) -> None:
    desk.forward(cc="baas@partner.example", bcc="baas@partner.example, archief@partner.example")
    (message,) = desk.outgoing()
    assert [party["address"] for party in message.recipients["bcc"]] == ["archief@partner.example"]
    delivery = desk.delivery()
    mail = outgoing_message(delivery, message, desk.session.get_one(Channel, delivery.channel_id), ())
    assert [party.address() for party in mail.bcc] == ["archief@partner.example"]
    assert "archief@partner.example" in desk.client.get(f"/messages/{message.id}/original").text
    assert "archief@partner.example" in list_third_parties(desk.session, desk.session.get_one(Thread, desk.thread.id))


def test_third_party_is_known_as_one_and_the_contact_is_not(desk: Desk) -> None:
    desk.forward(cc="pieter@example.nl")
    thread = desk.session.get_one(Thread, desk.thread.id)
    assert list_third_parties(desk.session, thread) == {"monteur@partner.example", "pieter@example.nl"}
