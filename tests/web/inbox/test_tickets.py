"""Internal tickets: threads among colleagues that nothing is sent from, and the thread they are about."""

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
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Message, MessageType, Priority, Thread, ThreadType
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import at_most
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class Desk:
    client: PageClient
    session: Session
    brand: Brand
    channel: Channel
    alice: User
    bob: User
    mallory: User
    thread: Thread

    def post(self, path: str = "/tickets", **fields: object) -> TestResponse:
        data = {"client_token": uuid.uuid4(), "brand": self.brand.id, "csrf_token": csrf_token(self.client.plain), **fields}
        return self.client.post(path, data=data)

    def tickets(self) -> list[Thread]:
        query = sa.select(Thread).where(Thread.thread_type == ThreadType.INTERNAL_TICKET)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis")
    alice, bob = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), subject="Laadpaal stuk", at=utc_now())
    make_message(db_session, thread, "Hij doet het niet", at=utc_now())
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, brand, channel, alice, bob, mallory, thread)


def test_a_ticket_is_a_thread_of_notes_and_the_same_form_is_one_ticket(desk: Desk) -> None:
    fields = {"subject": "Sleutel kwijt", "text": "Van de bus", "priority": "high", "client_token": uuid.uuid4()}
    first, again = desk.post(assignee=desk.bob.id, **fields), desk.post(assignee=desk.bob.id, **fields)
    assert (first.status_code, first.location) == (303, again.location)
    (ticket,) = desk.tickets()
    assert (ticket.medium, ticket.subject, ticket.priority) == ("internal", "Sleutel kwijt", Priority.HIGH)
    assert (ticket.assignee_user_id, ticket.contact_id, ticket.about_thread_id) == (desk.bob.id, None, None)
    note = desk.session.execute(sa.select(Message).where(Message.thread_id == ticket.id)).scalar_one()
    assert (note.message_type, note.text) == (MessageType.INTERNAL_NOTE, "Van de bus")
    listed = desk.client.get("/inbox/internal").text
    assert "Sleutel kwijt" in listed
    assert "Internal ticket" in listed
    assert "Sleutel kwijt" in desk.client.get("/search?q=sleutel").text
    with at_most(desk.session, 10):
        page = desk.client.get(first.location).text
    assert "Add note" in page
    assert "composer__tab--call" not in page


def test_nothing_of_a_ticket_is_sent_to_anybody(desk: Desk) -> None:
    ticket_at = desk.post(subject="Overleg", about=desk.thread.id).location
    assert "Only your team sees this" in desk.client.get(f"{ticket_at}?kind=reply").text
    answer = desk.post(f"{ticket_at}/messages", text="Dag", channel_id=desk.channel.id)
    assert answer.status_code == 422
    sent = sa.select(sa.func.count()).where(Message.message_type == MessageType.OUTGOING)
    assert desk.session.execute(sent).scalar_one() == 0


def test_a_ticket_and_its_thread_lead_to_each_other_also_after_a_merge(desk: Desk) -> None:
    assert "Laadpaal stuk" in desk.client.get(f"/tickets/new?about={desk.thread.id}").text
    ticket_at = desk.post(subject="Monteur nodig", about=desk.thread.id).location
    (ticket,) = desk.tickets()
    assert (ticket.about_thread_id, ticket.contact_id) == (desk.thread.id, desk.thread.contact_id)
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Internal tickets" in page
    assert f"opened internal ticket #{ticket.number} about this" in page
    assert f'href="/threads/{desk.thread.id}"' in desk.client.get(ticket_at).text
    keep = make_thread(desk.session, desk.channel, make_contact(desk.session, "Jan", value="31687654321"), at=utc_now())
    merge_threads(desk.session, keep_id=keep.id, merge_id=desk.thread.id, now=utc_now())
    desk.session.commit()
    assert "Internal tickets" in desk.client.get(f"/threads/{keep.id}").text
    assert f'class="context__thread" href="/threads/{keep.id}"' in desk.client.get(ticket_at).text


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("subject", " ", "in a few words"),
        ("priority", "huge", "Choose one from the list"),
        ("brand", "nonsense", "Choose one of your brands"),
        ("text", "x" * 20_001, "at most 20000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_by_field(desk: Desk, field: str, value: str, complaint: str) -> None:
    answer = desk.post(**{"subject": "Overleg", field: value})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert desk.tickets() == []


def test_it_is_given_to_nobody_who_may_not_see_it_and_about_nothing_out_of_sight(desk: Desk) -> None:
    assert "cannot see" in desk.post(subject="Overleg", assignee=desk.mallory.id).text
    sign_in(desk.client.plain, desk.session, desk.mallory)
    assert desk.post(subject="Overleg", about=desk.thread.id).status_code == 404
    assert desk.client.get(f"/tickets/new?about={desk.thread.id}").status_code == 404
    assert desk.tickets() == []
