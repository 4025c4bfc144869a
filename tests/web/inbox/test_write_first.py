"""Writing first: to whom, from which channel, and then the composer."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.delivery.models import Delivery
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.models import Message, Thread
from tests.domain.orders.factories import make_order
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    brand: Brand
    mail: Channel
    whatsapp: Channel
    alice: User
    jane: Contact
    order: Order

    def write(self, **fields: object) -> TestResponse:
        data = {"csrf_token": csrf_token(self.client.plain), **fields}
        return self.client.plain.post("/write", data=data)

    def threads(self) -> list[Thread]:
        query = sa.select(Thread).order_by(Thread.number).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def only(self) -> Thread:
        (thread,) = self.threads()
        return thread


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        keyring = runtime().keyring
        box = {"keyring": keyring, "address": "info@chargecars.example", "name": "Mail"}
        mail = make_channel(db_session, brand, ChannelType.EMAIL_OUTLOOK, **box)  # type: ignore[arg-type]
        whatsapp = make_channel(db_session, brand, keyring=keyring, name="WhatsApp")
        make_channel(db_session, other, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address="info@other.example", name="Fremd")
    jane = make_contact(db_session, "Jane de Wit", kind="email", value="jane@example.nl")
    order = make_order(db_session, brand, jane)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, brand, mail, whatsapp, alice, jane, order)


def test_somebody_is_found_by_name_and_an_address_nobody_has_is_offered(desk: Desk) -> None:
    assert "Jane de Wit" in desk.client.plain.get("/write?q=jane", headers={"HX-Request": "true"}).text
    assert desk.client.plain.get("/write?q=jane").location == f"/write?contact_id={desk.jane.id}", "the only one is meant"
    text = desk.client.get("/write?q=jan.new@example.nl").text
    assert "Write to jan.new@example.nl" in text
    assert "No contact has that name" in desk.client.get("/write?q=xyz").text


def test_only_channels_of_ones_brands_that_reach_them_are_offered(desk: Desk) -> None:
    text = desk.client.get(f"/write?contact_id={desk.jane.id}").text
    assert "Mail" in text
    assert "Fremd" not in text
    assert 'value="' + str(desk.whatsapp.id) not in text
    assert 'value="' + str(desk.whatsapp.id) in desk.client.get("/write?to=%2B31612345678").text


def test_a_mail_to_somebody_new_begins_a_thread_of_the_writer_and_leaves_without_re(desk: Desk) -> None:
    form = {"to": "Piet@Example.nl", "name": "Piet Puk", "channel_id": desk.mail.id, "subject": "Uw offerte"}
    answer = desk.write(**form)
    assert (answer.status_code, desk.only().message_count) == (303, 0)
    assert desk.write(**form).location == answer.location  # pressed twice
    thread = desk.only()
    assert (thread.subject, thread.assignee_user_id, thread.channel_id) == ("Uw offerte", desk.alice.id, desk.mail.id)
    contact = desk.session.get_one(Contact, thread.contact_id)
    assert contact.name == "Piet Puk"
    text = desk.client.get(answer.location).text
    assert "Piet Puk" in text
    sent = desk.client.plain.post(
        f"/threads/{thread.id}/messages",
        data={"text": "Hierbij onze offerte.", "channel_id": desk.mail.id, "csrf_token": csrf_token(desk.client.plain)},
    )
    assert sent.status_code in (200, 303)
    message = desk.session.execute(sa.select(Message).where(Message.thread_id == thread.id)).scalar_one()
    assert message.subject == "Uw offerte"
    assert message.recipients["to"][0]["address"] == "piet@example.nl"
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 1


def test_on_whatsapp_a_number_is_an_account_and_outside_the_window_a_template_is_asked_for(desk: Desk) -> None:
    answer = desk.write(to="06 12345678", channel_id=desk.whatsapp.id)
    thread = desk.only()
    kinds = sa.select(ContactIdentity.kind, ContactIdentity.value).where(ContactIdentity.contact_id == thread.contact_id)
    assert {(row.kind, row.value) for row in desk.session.execute(kinds)} == {("phone", "+31612345678"), ("wa_id", "31612345678")}
    assert "The contact’s last message is more than 24 hours old" in desk.client.get(answer.location).text


def test_a_mail_without_a_subject_and_a_channel_of_another_brand_are_refused_by_name(desk: Desk) -> None:
    answer = desk.write(to="piet@example.nl", channel_id=desk.mail.id)
    assert answer.status_code == 422
    assert "Enter a short subject for the email" in answer.text
    assert "Choose the channel" in desk.write(to="piet@example.nl", subject="x").text
    assert desk.write(q="piet").status_code == 422
    assert desk.threads() == []


def test_an_open_conversation_is_offered_and_gone_on_in(desk: Desk) -> None:
    thread = make_thread(desk.session, desk.mail, desk.jane, subject="Storing", at=utc_now())
    make_message(desk.session, thread, at=utc_now())
    desk.session.commit()
    assert "Continue in an open thread" in desk.client.get(f"/write?contact_id={desk.jane.id}").text
    answer = desk.write(contact_id=desk.jane.id, thread_id=thread.id, order_id=desk.order.id)
    assert answer.location.startswith(f"/threads/{thread.id}?")
    link = desk.session.execute(sa.select(OrderThread.thread_id).where(OrderThread.order_id == desk.order.id)).scalar_one()
    assert link == thread.id
    stranger = make_thread(desk.session, desk.mail, make_contact(desk.session), subject="Anders")
    desk.session.commit()
    assert desk.write(contact_id=desk.jane.id, thread_id=stranger.id).status_code == 404


def test_from_an_order_its_customer_is_the_recipient_and_the_thread_is_about_it(desk: Desk) -> None:
    assert desk.order.order_number in desk.client.get(f"/write?order_id={desk.order.id}").text
    desk.write(order_id=desk.order.id, channel_id=desk.mail.id, subject="Uw order")
    thread = desk.only()
    assert thread.contact_id == desk.jane.id
    assert desk.session.get(OrderThread, (desk.order.id, thread.id)) is not None
