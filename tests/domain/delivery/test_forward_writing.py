"""Writing a forward: its draft, its formatting, the hold, and the seconds in which it can be taken back."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.runtime import runtime
from app.core.work import claim
from app.domain.accounts.models import User
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.envelope import outgoing_message
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Attachment, Draft, Message, MessageType, Thread, ThreadStatus
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32
TO = "monteur@partner.example"


@dataclass
class Desk:
    """Alice, who has ten seconds to take a mail back, a WhatsApp thread with a message and a file, and a mailbox."""

    client: PageClient
    session: Session
    alice: User
    thread: Thread
    message: Message
    file: Attachment

    def post(self, path: str, *, htmx: bool = True, **fields: object) -> TestResponse:
        data = {"csrf_token": csrf_token(self.client.plain), **fields}
        return self.client.post(path, data=data, headers={"HX-Request": "true"} if htmx else {})

    def forward(self, tail: str = "", *, htmx: bool = True, **fields: object) -> TestResponse:
        asked: dict[str, object] = {"to": TO, "signature_shown": "1", "signed": "1", "last_seen_message_id": self.message.id}
        path = f"/messages/{self.message.id}/forward{tail}"
        return self.post(path, htmx=htmx, **{**asked, "client_token": uuid.uuid4(), **fields})

    def form(self) -> str:
        return self.client.get(f"/messages/{self.message.id}/forward", headers={"HX-Request": "true"}).text

    def outgoing(self) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == MessageType.OUTGOING).order_by(Message.seq)
        return list(self.session.execute(query).scalars())

    def draft(self) -> Draft | None:
        return self.session.get(Draft, (self.alice.id, self.thread.id, "forward"), populate_existing=True)

    def delivery(self, message: Message) -> Delivery:
        return self.session.execute(sa.select(Delivery).where(Delivery.message_id == message.id)).scalar_one()

    def files_of(self, message: Message) -> list[str]:
        query = sa.select(Attachment.filename).where(Attachment.message_id == message.id).order_by(Attachment.position)
        return list(self.session.execute(query).scalars())

    def upload(self) -> str:
        data = {"file": (io.BytesIO(PNG), "schema.png"), "csrf_token": csrf_token(self.client.plain)}
        answer = self.client.post(f"/threads/{self.thread.id}/attachments", data=data)
        return str(answer.json["id"]) if answer.json else ""

    def newer(self) -> Message:
        message = make_message(self.session, self.thread, "Laat maar, hij doet het weer", at=utc_now())
        self.session.commit()
        return message


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    alice.undo_send_seconds = 10
    with app.app_context():
        keyring = runtime().keyring
        chat = make_channel(db_session, brand, keyring=keyring)
        mail = ChannelType.EMAIL_OUTLOOK
        make_channel(db_session, brand, keyring=keyring, channel_type=mail, address="service@chargecars.example")
        key = runtime().storage.put(b"foto").key
    thread = make_thread(db_session, chat, make_contact(db_session), at=utc_now())
    message = make_message(db_session, thread, "De paal vonkt <fel>", at=utc_now())
    file = Attachment(message_id=message.id, thread_id=thread.id, filename="vonk.jpg", content_type="image/jpeg", size_bytes=4)
    file.storage_key, file.created_at = key, utc_now()
    db_session.add(file)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, thread, message, file)


def test_formatting_goes_out_cleaned_above_signature_and_original(desk: Desk) -> None:
    desk.forward(html="<p>Kun jij <strong>vandaag</strong>?<script>x()</script></p>", file_id=desk.file.id)
    (message,) = desk.outgoing()
    assert message.html.startswith("<p>Kun jij <strong>vandaag</strong>?</p>")
    assert "script" not in message.html
    assert "De paal vonkt &lt;fel&gt;" in message.html
    assert message.html.index("vandaag") < message.html.index("Alice") < message.html.index("De paal vonkt")
    assert message.text.startswith("Kun jij vandaag?")
    assert message.text.rstrip().endswith("De paal vonkt <fel>")


def test_signature_stays_behind_when_unticked(desk: Desk) -> None:
    desk.post(f"/messages/{desk.message.id}/forward", to=TO, signature_shown="1", text="Kijk jij?")
    (message,) = desk.outgoing()
    assert "Alice" not in message.text


def test_own_files_go_along_before_those_of_the_original(desk: Desk) -> None:
    desk.forward(attachment_id=desk.upload(), file_id=desk.file.id)
    (message,) = desk.outgoing()
    assert desk.files_of(message) == ["schema.png", "vonk.jpg"]


def test_picture_in_the_text_is_part_of_the_mail(app: Flask, desk: Desk) -> None:
    upload = desk.upload()
    desk.forward(attachment_id=upload, html=f'<p>Zie <img src="cid:{upload}@inline" alt="schema"></p>')
    (message,) = desk.outgoing()
    picture = desk.session.execute(sa.select(Attachment).where(Attachment.message_id == message.id)).scalar_one()
    assert picture.is_inline
    with app.app_context():
        delivery = desk.delivery(message)
        sent = outgoing_message(delivery, message, desk.session.get_one(Channel, delivery.channel_id), ())
    assert f'src="cid:{upload}@inline"' in sent.html


def test_draft_keeps_words_people_and_files_and_is_found_again_from_the_composer(desk: Desk) -> None:
    upload, token = desk.upload(), uuid.uuid4()
    kept = desk.forward(
        "/draft",
        text="Kun jij",
        cc="baas@partner.example",
        bcc="archief@partner.example",
        attachment_id=upload,
        client_token=token,
    )
    assert kept.status_code == 204
    form = desk.form()
    assert "Kun jij" in form
    assert f'value="{TO}"' in form
    assert 'value="baas@partner.example"' in form
    assert 'value="archief@partner.example"' in form
    assert "schema.png" in form
    assert f'value="{token}"' in form  # two devices send one and the same form
    assert f'value="{desk.file.id}" data-mail-field>' in form  # not ticked, as it was left
    tabs = desk.client.get(f"/threads/{desk.thread.id}?kind=reply").text.split("composer__tabs")[1]
    assert f"/messages/{desk.message.id}/forward" in tabs
    desk.forward(client_token=token)
    assert desk.draft() is None


def test_draft_of_whom_it_is_for_alone_is_kept_and_an_emptied_one_goes(desk: Desk) -> None:
    desk.forward("/draft")
    assert desk.draft() is not None
    desk.forward("/draft", to="")
    assert desk.draft() is None


def test_draft_goes_along_to_the_forward_of_another_message_without_subject_and_files(desk: Desk) -> None:
    desk.forward("/draft", text="Kun jij", subject="Fwd: vonken")
    other = desk.newer()
    form = desk.client.get(f"/messages/{other.id}/forward", headers={"HX-Request": "true"}).text
    assert "Kun jij" in form
    assert 'value="Fwd: Laat maar, hij doet het weer"' in form


def test_late_save_of_a_form_that_was_sent_is_no_draft(desk: Desk) -> None:
    token = uuid.uuid4()
    desk.forward(client_token=token, text="Kun jij")
    desk.forward("/draft", client_token=token, text="Kun jij")
    assert desk.draft() is None


def test_way_back_keeps_what_was_typed_and_shows_the_reply(desk: Desk) -> None:
    answer = desk.forward("/draft?back=1", text="Kun jij")
    assert "/messages" in answer.text
    assert 'data-kind="reply"' in answer.text
    draft = desk.draft()
    assert draft is not None
    assert draft.text == "Kun jij"


def test_it_is_held_when_something_newer_came_in_and_goes_on_a_second_press(desk: Desk) -> None:
    newer = desk.newer()
    held = desk.forward(text="Kun jij")
    assert held.status_code == 409
    assert desk.outgoing() == []
    assert "Laat maar, hij doet het weer" in held.text
    assert "Kun jij" in held.text
    assert f'name="last_seen_message_id" value="{newer.id}"' in held.text
    assert desk.draft() is not None
    assert desk.forward(text="Kun jij", last_seen_message_id=newer.id).status_code == 200
    assert len(desk.outgoing()) == 1


def test_it_waits_and_is_taken_back_with_all_that_was_in_the_form(desk: Desk) -> None:
    upload = desk.upload()
    html = "<p>Kun jij <strong>vandaag</strong>?</p>"
    desk.alice.undo_send_seconds = 20
    desk.session.commit()
    before = utc_now()
    sent = desk.forward(html=html, cc="baas@partner.example", subject="Vonken", attachment_id=upload, file_id=desk.file.id)
    (message,) = desk.outgoing()
    assert timedelta(seconds=20) <= desk.delivery(message).run_at - before <= utc_now() - before + timedelta(seconds=20)
    assert f"/messages/{message.id}/undo" in sent.headers["HX-Trigger"]
    assert "Sending in" in desk.client.get(f"/threads/{desk.thread.id}").text
    copies = sa.select(sa.func.count()).select_from(Attachment).where(Attachment.filename == "vonk.jpg")
    assert desk.session.execute(copies).scalar_one() == 2
    form = desk.post(f"/messages/{message.id}/undo").text
    assert desk.outgoing() == []
    assert desk.session.execute(copies).scalar_one() == 1  # the original's own
    assert "&lt;strong&gt;vandaag&lt;/strong&gt;" in form
    assert "De paal vonkt" in form.split("forward__quote")[1]
    assert "De paal vonkt" not in form.split('name="text"')[1].split("</textarea>")[0]
    assert f'value="{TO}"' in form
    assert 'value="Vonken"' in form
    assert "schema.png" in form
    assert f'value="{desk.file.id}" data-mail-field checked>' in form
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status == ThreadStatus.OPEN


def test_undo_keeps_the_reply_that_was_begun_meanwhile(desk: Desk) -> None:
    desk.forward(text="Kun jij")
    (message,) = desk.outgoing()
    desk.post(f"/messages/{message.id}/undo", composer_kind="reply", text="Beste Pieter", channel_id=desk.thread.channel_id)
    reply = desk.session.get(Draft, (desk.alice.id, desk.thread.id, "reply"))
    assert reply is not None
    assert reply.text == "Beste Pieter"


def test_undo_comes_too_late_once_a_worker_has_it(desk: Desk) -> None:
    desk.forward(text="Kun jij")
    (message,) = desk.outgoing()
    delivery = desk.delivery(message)
    desk.session.execute(sa.update(Delivery).where(Delivery.id == delivery.id).values(run_at=sa.func.now()))
    assert claim(desk.session, table_of(Delivery), delivery.id) is not None
    answer = desk.post(f"/messages/{message.id}/undo")
    assert "already sent" in answer.headers["HX-Trigger"]
    assert len(desk.outgoing()) == 1


def test_late_repeat_of_a_form_taken_back_sends_nothing(desk: Desk) -> None:
    token = uuid.uuid4()
    desk.forward(client_token=token, text="Kun jij")
    (message,) = desk.outgoing()
    desk.post(f"/messages/{message.id}/undo")
    desk.forward(client_token=token, text="Kun jij")
    assert desk.outgoing() == []


def test_second_tab_with_other_words_or_people_is_told(desk: Desk) -> None:
    token = uuid.uuid4()
    desk.forward(client_token=token, text="Kun jij")
    assert desk.forward(client_token=token, text="Kun jij").status_code == 200
    other = desk.forward(client_token=token, text="Kun jij", to="ander@partner.example")
    assert other.status_code == 409
    assert "already" in other.text
    assert str(token) not in other.text.split('name="client_token"')[1][:80]
    assert len(desk.outgoing()) == 1


def test_without_scripts_send_and_undo_lead_back_to_pages(desk: Desk) -> None:
    sent = desk.forward(htmx=False, text="Kun jij", file=(io.BytesIO(PNG), "schema.png"))
    assert sent.status_code == 303
    (message,) = desk.outgoing()
    assert desk.files_of(message) == ["schema.png"]
    undone = desk.post(f"/messages/{message.id}/undo", htmx=False)
    assert undone.headers["Location"].endswith(f"/messages/{desk.message.id}/forward")
    assert "Kun jij" in desk.client.get(f"/messages/{desk.message.id}/forward").text
