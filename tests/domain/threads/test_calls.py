"""Records of phone calls: what is written down, what follows from it, and that a double submit is one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import ChannelType
from app.domain.contacts.models import Contact
from app.domain.delivery.models import Delivery
from app.domain.events.models import Event
from app.domain.tasks.models import Task, TaskType
from app.domain.threads.calls import next_working_day
from app.domain.threads.models import Draft, Message, MessageType, Thread, ThreadStatus
from app.web.inbox.call_form import call_words
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.queries import at_most
from tests.support.signing_in import csrf_token, sign_in

HTMX = {"HX-Request": "true"}


@dataclass
class Desk:
    client: PageClient
    session: Session
    alice: User
    contact: Contact
    thread: Thread

    def log(self, **fields: object) -> TestResponse:
        return self.post(f"/threads/{self.thread.id}/calls", **fields)

    def post(self, path: str, *, headers: dict[str, str] | None = None, **fields: object) -> TestResponse:
        local = utc_now().astimezone(ZoneInfo("Europe/Amsterdam"))
        data = {
            "call_direction": "outgoing",
            "call_outcome": "reached",
            "call_number": "+31612345678",
            "call_at": local.strftime("%Y-%m-%dT%H:%M"),
            "call_callback_date": (local.date() + timedelta(days=3)).isoformat(),
            "client_token": uuid.uuid4(),
            "csrf_token": csrf_token(self.client.plain),
            **fields,
        }
        return self.client.post(path, data=data, headers=HTMX if headers is None else headers)

    def calls(self) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == MessageType.PHONE_CALL)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def tasks(self) -> list[Task]:
        return list(self.session.execute(sa.select(Task)).scalars())

    def read_thread(self) -> Thread:
        self.session.refresh(self.thread)
        return self.thread


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session, name="ChargeCars")
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=runtime().keyring)
    contact = make_contact(db_session)
    thread = make_thread(db_session, channel, contact, at=utc_now() - timedelta(hours=1))
    make_message(db_session, thread, "Kunt u mij bellen?", at=utc_now() - timedelta(hours=1))
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, contact, thread)


def test_the_composer_offers_a_call_now_to_the_number_of_the_contact(desk: Desk) -> None:
    with at_most(desk.session, 10):
        page = desk.client.get(f"/threads/{desk.thread.id}?kind=call").text
    assert 'value="+31612345678"' in page
    assert 'value="outgoing" selected' in page
    assert "Create a callback task" in page


def test_a_call_that_reached_the_customer_is_an_answer_and_is_sent_to_nobody(desk: Desk) -> None:
    answer = desk.log(text="Komt dinsdag langs", call_minutes="12")
    assert answer.status_code == 200
    (call,) = desk.calls()
    assert (call.text, call.medium, call.delivery_status) == ("Komt dinsdag langs", "phone", None)
    assert call.meta["call"] == {"direction": "outgoing", "outcome": "reached", "minutes": 12}
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 0
    thread = desk.read_thread()
    assert (thread.status, thread.assignee_user_id) == (ThreadStatus.WAITING_CUSTOMER, desk.alice.id)
    assert thread.preview == "Komt dinsdag langs"
    assert desk.tasks() == []
    page = desk.client.get(f"/threads/{thread.id}").text
    assert "Outgoing call, 12 min, reached" in page
    assert "message--call" in page
    assert "Outgoing call" in desk.client.get(f"/contacts/{desk.contact.id}").text
    assert desk.session.execute(sa.select(Event.type).where(Event.type == "CallLogged")).scalar_one()


def test_nobody_answered_makes_one_task_to_call_back_however_often_it_is_sent(desk: Desk) -> None:
    day = utc_now().astimezone(ZoneInfo("Europe/Amsterdam")).date() + timedelta(days=3)
    fields = {"call_outcome": "no_answer", "call_callback": "1", "call_callback_date": day, "client_token": uuid.uuid4()}
    for _time in range(2):
        answer = desk.log(**fields)
    assert "tasks-changed" in answer.headers["HX-Trigger"]
    assert len(desk.calls()) == 1
    (task,) = desk.tasks()
    assert (task.task_type, task.thread_id, task.assignee_user_id) == (TaskType.CALLBACK, desk.thread.id, desk.alice.id)
    assert (task.title, task.due_time, task.zone) == ("Call back Pieter van Dam", time(9), "Europe/Amsterdam")
    assert task.due_date == day
    thread = desk.read_thread()
    assert thread.status == ThreadStatus.OPEN
    assert thread.preview == "+31612345678"


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("call_minutes", "een uur", "whole minutes"),
        ("call_minutes", "99999", "whole minutes"),
        ("call_at", "gisteren", "Enter the date and time"),
        ("call_at", "2090-01-01T10:00", "must be in the past"),
        ("call_outcome", "hung_up", "Choose one from the list"),
        ("call_number", "1" * 41, "at most 40 characters"),
        ("call_callback_date", "2001-01-01", "today or later"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_was_typed(desk: Desk, field: str, value: str, complaint: str) -> None:
    answer = desk.log(**{"text": "Notitie", "call_callback": "1", field: value})
    assert answer.status_code == 422
    assert complaint in answer.text
    assert "Notitie" in answer.text
    assert desk.calls() == []
    draft = desk.session.execute(sa.select(Draft).where(Draft.kind == "call")).scalar_one()
    assert (draft.text, draft.options["call"][field.removeprefix("call_")]) == ("Notitie", value[:100])
    whole = desk.log(**{"text": "Notitie", "call_callback": "1", field: value, "headers": {}})
    assert (whole.status_code, whole.text.count("<h1")) == (422, 1)


def test_what_is_typed_is_a_draft_until_the_call_is_logged(desk: Desk) -> None:
    fields = {"text": "Half", "kind": "call", "call_outcome": "voicemail", "call_callback": "1"}
    assert desk.post(f"/threads/{desk.thread.id}/draft", **fields).status_code == 204
    page = desk.client.get(f"/threads/{desk.thread.id}?kind=call").text
    assert "Half" in page
    assert 'value="voicemail" selected' in page
    desk.log(text="Heel")
    assert desk.session.execute(sa.select(Draft)).first() is None


def test_a_call_is_found_by_its_notes(desk: Desk) -> None:
    desk.log(text="Omvormer hangt scheef")
    assert "Omvormer" in desk.client.get("/search?q=omvormer").text


def test_a_call_with_a_contact_begins_one_thread(desk: Desk) -> None:
    path = f"/contacts/{desk.contact.id}/calls"
    assert 'value="+31612345678"' in desk.client.get(path).text
    token = uuid.uuid4()
    fields = {
        "brand": desk.thread.brand_id,
        "subject": "Offerte",
        "text": "Wil een offerte",
        "client_token": token,
        "headers": {},
    }
    first, again = desk.post(path, **fields), desk.post(path, **fields)  # type: ignore[arg-type]
    assert (first.status_code, first.location) == (303, again.location)
    (call,) = desk.calls()
    thread = desk.session.get_one(Thread, call.thread_id)
    assert (thread.medium, thread.subject, thread.contact_id) == ("phone", "Offerte", desk.contact.id)
    assert "Wil een offerte" in desk.client.get(first.location).text
    assert "Offerte" in desk.client.get("/inbox/phone").text
    assert desk.post(path, brand=uuid.uuid4(), headers={}).status_code == 422


def test_calling_back_skips_the_weekend() -> None:
    friday = date(2026, 11, 20)
    assert next_working_day(friday) == date(2026, 11, 23)
    assert next_working_day(date(2026, 11, 23)) == date(2026, 11, 24)


@pytest.mark.parametrize(
    ("direction", "outcome", "minutes", "words"),
    [
        ("outgoing", "no_answer", None, "Outgoing call, not answered"),
        ("outgoing", "reached", 12, "Outgoing call, 12 min, reached"),
        ("incoming", "reached", 3, "Incoming call, 3 min"),
        ("incoming", "voicemail", None, "Incoming call, voicemail"),
    ],
)
def test_a_call_in_words(app: Flask, direction: str, outcome: str, minutes: int | None, words: str) -> None:
    with app.test_request_context("/"):
        assert call_words({"call": {"direction": direction, "outcome": outcome, "minutes": minutes}}) == words
