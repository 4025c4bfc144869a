"""A reply from the pages waits, and can be taken back exactly as long as no worker has claimed it."""

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
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Attachment, Draft, Message, MessageType, TakenBackMessage, Thread, ThreadStatus
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 32


@dataclass
class Desk:
    """Alice, who has ten seconds to take a reply back, and a thread with one message of the customer."""

    client: PageClient
    session: Session
    alice: User
    bob: User
    thread: Thread
    seen: Message

    def post(self, path: str, *, htmx: bool = True, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def send(self, text: str = "Ik kijk het na", **fields: object) -> TestResponse:
        token = fields.pop("client_token", uuid.uuid4())
        seen = fields.pop("last_seen_message_id", self.seen.id)
        path = f"/threads/{self.thread.id}/messages"
        return self.post(
            path, text=text, client_token=token, last_seen_message_id=seen, channel_id=self.thread.channel_id, **fields
        )

    def undo(self, message: Message, *, htmx: bool = True, **fields: object) -> TestResponse:
        return self.post(f"/messages/{message.id}/undo", htmx=htmx, **fields)

    def outgoing(self) -> list[Message]:
        mine = sa.and_(Message.thread_id == self.thread.id, Message.message_type == MessageType.OUTGOING)
        return list(self.session.execute(sa.select(Message).where(mine).order_by(Message.seq)).scalars())

    def delivery(self, message: Message) -> Delivery:
        return self.session.execute(sa.select(Delivery).where(Delivery.message_id == message.id)).scalar_one()

    def draft(self) -> Draft | None:
        return self.session.get(Draft, (self.alice.id, self.thread.id, "reply"), populate_existing=True)

    def as_user(self, user: User) -> None:
        sign_in(self.client.plain, self.session, user)

    def claim(self, message: Message) -> bool:
        """What a worker does first, once the wait is over."""
        delivery = self.delivery(message)
        self.session.execute(sa.update(Delivery).where(Delivery.id == delivery.id).values(run_at=sa.func.now()))
        return claim(self.session, table_of(Delivery), delivery.id) is not None

    def upload(self) -> str:
        answer = self.client.post(
            f"/threads/{self.thread.id}/attachments",
            data={"file": (io.BytesIO(PNG), "foto.png"), "csrf_token": csrf_token(self.client.plain)},
        )
        return str(answer.json["id"]) if answer.json else ""


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice, bob = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    alice.undo_send_seconds = 10
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    seen = make_message(db_session, thread, "De laadpaal knippert rood", at=utc_now())
    db_session.commit()
    made = Desk(page_client, db_session, alice, bob, thread, seen)
    made.as_user(alice)
    return made


def test_reply_from_the_page_may_not_be_claimed_before_its_wait_is_over(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 20
    desk.session.commit()
    before = utc_now()
    answer = desk.send()
    (message,) = desk.outgoing()
    assert timedelta(seconds=20) <= desk.delivery(message).run_at - before <= utc_now() - before + timedelta(seconds=20)
    assert claim(desk.session, table_of(Delivery), desk.delivery(message).id) is None
    assert f"/messages/{message.id}/undo" in answer.headers["HX-Trigger"]
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Sending in" in page
    assert f"/messages/{message.id}/undo" in page


def test_without_a_wait_a_reply_leaves_at_once(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 0
    desk.session.commit()
    answer = desk.send()
    (message,) = desk.outgoing()
    assert "undo" not in answer.headers["HX-Trigger"]
    assert claim(desk.session, table_of(Delivery), desk.delivery(message).id) is not None


@pytest.mark.parametrize("htmx", [True, False])
def test_undo_puts_text_and_files_back_and_the_thread_as_it_was(desk: Desk, htmx: bool) -> None:
    file = desk.upload()
    desk.send("Zie de foto", attachment_id=file)
    (message,) = desk.outgoing()
    answer = desk.undo(message, htmx=htmx)
    assert answer.status_code == (200 if htmx else 303)
    assert desk.outgoing() == []
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 0
    draft = desk.draft()
    assert draft is not None
    assert (draft.text, draft.attachment_ids) == ("Zie de foto", [file])
    kept = desk.session.get_one(Attachment, uuid.UUID(file), populate_existing=True)
    assert (kept.message_id, kept.uploaded_by_user_id) == (None, desk.alice.id)
    thread = desk.session.get_one(Thread, desk.thread.id, populate_existing=True)
    assert (thread.status, thread.assignee_user_id, thread.preview) == (ThreadStatus.OPEN, None, "De laadpaal knippert rood")
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Zie de foto" in page
    assert "foto.png" in page


def test_message_that_a_worker_has_is_not_taken_back(desk: Desk) -> None:
    desk.send()
    (message,) = desk.outgoing()
    assert desk.claim(message)
    answer = desk.undo(message)
    assert "The message was already sent" in answer.headers["HX-Trigger"]
    assert [m.id for m in desk.outgoing()] == [message.id]
    assert desk.draft() is None


def test_worker_finds_nothing_to_claim_after_an_undo(desk: Desk) -> None:
    desk.send()
    (message,) = desk.outgoing()
    delivery_id = desk.delivery(message).id
    desk.undo(message)
    assert claim(desk.session, table_of(Delivery), delivery_id) is None


def test_second_undo_and_late_repeat_of_the_form_change_nothing(desk: Desk) -> None:
    token = uuid.uuid4()
    desk.send(client_token=token)
    (message,) = desk.outgoing()
    desk.undo(message)
    assert desk.undo(message).status_code == 200
    assert desk.send(client_token=token).status_code == 200
    assert desk.outgoing() == []


def test_all_messages_of_one_send_are_taken_back_together(desk: Desk) -> None:
    first, second = desk.upload(), desk.upload()
    desk.send("Twee foto's", attachment_id=[first, second])
    messages = desk.outgoing()
    assert len(messages) == 2
    desk.undo(messages[1])
    draft = desk.draft()
    assert desk.outgoing() == []
    assert draft is not None
    assert (draft.text, draft.attachment_ids) == ("Twee foto's", [first, second])


def test_what_was_typed_since_the_send_stays_below_the_text_that_comes_back(desk: Desk) -> None:
    desk.send("Eerste")
    (message,) = desk.outgoing()
    desk.undo(message, text="Tweede", composer_kind="reply")
    draft = desk.draft()
    assert draft is not None
    assert draft.text == "Eerste\n\nTweede"


def test_nobody_but_its_writer_takes_a_message_back(desk: Desk) -> None:
    desk.send()
    (message,) = desk.outgoing()
    desk.as_user(desk.bob)
    assert "Only the author" in desk.undo(message).headers["HX-Trigger"]
    assert len(desk.outgoing()) == 1
    assert f"/messages/{message.id}/undo" not in desk.client.get(f"/threads/{desk.thread.id}").text


def test_colleague_who_saw_the_message_that_was_taken_back_is_not_held_up(desk: Desk) -> None:
    desk.send()
    (message,) = desk.outgoing()
    desk.undo(message)
    assert desk.session.get(TakenBackMessage, message.id) is not None
    desk.as_user(desk.bob)
    assert desk.send("Van Bob", last_seen_message_id=message.id).status_code == 200


def test_customer_who_writes_after_the_undo_holds_the_next_send(desk: Desk) -> None:
    desk.send()
    (message,) = desk.outgoing()
    desk.undo(message)
    thread = desk.session.get_one(Thread, desk.thread.id, populate_existing=True)
    make_message(desk.session, thread, "Hij doet het weer", at=utc_now())
    desk.session.commit()
    answer = desk.send("Ik kom langs", last_seen_message_id=message.id)
    assert answer.status_code == 409
    assert "Hij doet het weer" in answer.text


@pytest.mark.parametrize(
    ("then", "status"), [("resolved", ThreadStatus.RESOLVED), ("waiting_customer", ThreadStatus.WAITING_CUSTOMER)]
)
def test_status_is_set_with_the_send_and_back_with_the_undo(desk: Desk, then: str, status: ThreadStatus) -> None:
    desk.send(then=then)
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status == status
    desk.undo(desk.outgoing()[0])
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status == ThreadStatus.OPEN


def test_held_send_and_resolve_resolves_nothing(desk: Desk) -> None:
    make_message(desk.session, desk.session.get_one(Thread, desk.thread.id), "Nog iets", at=utc_now())
    desk.session.commit()
    assert desk.send(then="resolved").status_code == 409
    assert desk.session.get_one(Thread, desk.thread.id, populate_existing=True).status == ThreadStatus.OPEN
    assert desk.outgoing() == []
