"""Another channel for what is being written: the text goes along; a closed window offers a mailbox and keeps the text."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.contacts.models import ContactIdentity
from app.domain.threads.models import Draft
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

TEMPLATE = {
    "name": "follow_up",
    "language": "nl",
    "category": "UTILITY",
    "status": "APPROVED",
    "parameter_format": "POSITIONAL",
    "components": [{"type": "BODY", "text": "Is uw vraag opgelost?"}],
}


@pytest.fixture
def ids(app: Flask, page_client: PageClient, db_session: Session) -> dict[str, uuid.UUID]:
    """A WhatsApp thread of two days ago with a contact who has a mail address too; Alice is signed in."""
    brand, past = make_brand(db_session), utc_now() - timedelta(days=2)
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        keyring = runtime().keyring
        chat = make_channel(db_session, brand, keyring=keyring, settings={"templates": [TEMPLATE]})
        box = make_channel(db_session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address="service@chargecars.example")
    contact = make_contact(db_session)
    address = {"kind": "email", "value": "pieter@example.nl", "scope": "", "created_at": past}
    db_session.add(ContactIdentity(id=new_id(), contact_id=contact.id, **address))
    thread = make_thread(db_session, chat, contact, at=past)
    seen = make_message(db_session, thread, "Kan het morgen?", at=past)
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return {"thread": thread.id, "chat": chat.id, "box": box.id, "alice": alice.id, "seen": seen.id}


def test_closed_window_offers_a_mailbox_and_the_typed_text_goes_along(page_client: PageClient, ids: dict[str, uuid.UUID]) -> None:
    switch = f"/threads/{ids['thread']}/composer?kind=reply&channel_id="
    token = csrf_token(page_client.plain)
    typed = {"text": "Ja, om tien uur", "composer_kind": "reply", "client_token": uuid.uuid4(), "csrf_token": token}
    closed = page_client.post(f"{switch}{ids['chat']}", data=typed, headers={"HX-Request": "true"}).text
    assert "Your text is saved:" in closed
    assert "Is uw vraag opgelost?" in closed
    assert "Write by email instead" in closed
    by_mail = page_client.post(f"{switch}{ids['box']}", data=typed, headers={"HX-Request": "true"}).text
    assert "service@chargecars.example" in by_mail
    assert "Ja, om tien uur</textarea>" in by_mail
    assert page_client.plain.post(f"{switch}{ids['box']}", data=typed).status_code == 303


def test_text_typed_before_the_window_closed_stays_when_a_template_goes_out(
    page_client: PageClient, db_session: Session, ids: dict[str, uuid.UUID]
) -> None:
    page = page_client.get(f"/threads/{ids['thread']}").text
    key = page.partition('name="template" value="')[2].partition('"')[0]
    sent = {"text": "Nog niet gezegd", "template": key, "channel_id": ids["chat"], "last_seen_message_id": ids["seen"]}
    sent |= {"client_token": uuid.uuid4(), "csrf_token": csrf_token(page_client.plain)}
    answer = page_client.post(f"/threads/{ids['thread']}/messages", data=sent, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    assert db_session.get_one(Draft, (ids["alice"], ids["thread"], "reply")).text == "Nog niet gezegd"
