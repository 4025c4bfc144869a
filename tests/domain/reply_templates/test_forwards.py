"""Templates in a forward: what is offered there, what is put in, what is counted, and that no blank of theirs goes out."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.delivery.actions import retry_delivery
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.scheduled_jobs import send_due
from app.domain.events.actions import Actor
from app.domain.reply_templates.models import ReplyTemplate, ReplyTemplateUse
from app.domain.reply_templates.variables import hole
from app.domain.threads.models import Draft, Message, MessageType
from tests.domain.reply_templates.conftest import Desk
from tests.factories import make_channel, make_contact, make_message, make_thread

TO = "monteur@partner.example"
JSON = {"Accept": "application/json"}


@pytest.fixture
def message(app: Flask, desk: Desk) -> Message:
    """A message in which somebody quotes a blank of ours, and a mailbox to pass it on by."""
    with app.app_context():
        mail = ChannelType.EMAIL_OUTLOOK
        make_channel(desk.session, desk.brand, keyring=runtime().keyring, channel_type=mail, address="service@chargecars.example")
    found = make_message(desk.session, desk.thread, f"Er staat {hole('contact.phone')} in jullie mail", at=utc_now())
    desk.session.commit()
    return found


def where(message: Message) -> str:
    return f"?kind=forward&message_id={message.id}"


def use(desk: Desk, message: Message, template: ReplyTemplate) -> dict[str, object]:
    path = f"/threads/{desk.thread.id}/template-uses{where(message)}"
    answer = desk.post(path, template_id=template.id, headers=JSON)
    assert answer.status_code == 200
    found: dict[str, object] = answer.get_json()
    return found


def forward(desk: Desk, message: Message, tail: str = "", **fields: object) -> int:
    fields = {"to": TO, "client_token": uuid.uuid4(), "last_seen_message_id": message.id, **fields}
    return desk.post(f"/messages/{message.id}/forward{tail}", **fields).status_code


def uses(desk: Desk) -> list[ReplyTemplateUse]:
    query = sa.select(ReplyTemplateUse).order_by(ReplyTemplateUse.inserted_at)
    return list(desk.session.execute(query.execution_options(populate_existing=True)).scalars())


def test_what_fits_a_mail_is_offered_filled_in_with_its_formatting(desk: Desk, message: Message) -> None:
    mail, chat = (
        desk.make(name="mail", media=("email",), html="<p>Dag <b>{{contact.first_name}}</b></p>"),
        desk.make(name="chat", media=("whatsapp",)),
    )
    form = desk.client.get(f"/messages/{message.id}/forward").text
    assert "kind=forward" in form
    assert "template-suggestions" not in form
    path = f"/threads/{desk.thread.id}/templates{where(message)}"
    options = desk.client.fragment(path, target="template-options").text
    assert str(mail.id) in options
    assert str(chat.id) not in options
    assert "Pieter</" in str(use(desk, message, mail)["html"])


def test_it_counts_when_the_forward_goes_out_and_not_with_a_reply(app: Flask, desk: Desk, message: Message) -> None:
    desk.leila.undo_send_seconds = 10
    text = use(desk, message, desk.make())["text"]
    desk.post(f"/threads/{desk.thread.id}/messages", text="een antwoord telt niet", last_seen_message_id=message.id)
    assert uses(desk)[0].sent_at is None
    seen = desk.session.execute(sa.select(Message.id).order_by(Message.seq.desc()).limit(1)).scalar_one()
    assert forward(desk, message, text=text, last_seen_message_id=seen) == 303
    (used,) = uses(desk)
    assert (used.kind, used.medium) == ("forward", "email")
    sent = desk.session.get_one(Message, used.message_id)
    assert sent.message_type == MessageType.OUTGOING
    assert sent.text.startswith(str(text))
    desk.post(f"/messages/{sent.id}/undo")
    assert uses(desk)[0].sent_at is None


def test_a_forward_for_later_counts_when_it_goes(app: Flask, desk: Desk, message: Message) -> None:
    text = use(desk, message, desk.make())["text"]
    assert forward(desk, message, text=text, later="tomorrow") == 303
    assert uses(desk)[0].sent_at is None
    due = sa.update(ScheduledReply).values(run_at=utc_now() - timedelta(seconds=1)).returning(ScheduledReply.id)
    (row_id,) = desk.session.execute(due).scalars().all()
    desk.session.commit()
    with app.app_context():
        send_due(row_id=str(row_id))
    assert uses(desk)[0].sent_at is not None


def test_a_blank_of_the_template_is_refused_and_one_in_the_original_is_not(app: Flask, desk: Desk, message: Message) -> None:
    text = str(use(desk, message, desk.make(text="Bel {{contact.email}}"))["text"])
    assert forward(desk, message, text=text) == 422
    assert forward(desk, message, text=text.replace(hole("contact.email"), "0612345678")) == 303
    sent = desk.session.execute(sa.select(Delivery)).scalar_one()
    sent.state, sent.status = "failed", "failed"
    desk.session.commit()
    with app.app_context():
        retry_delivery(desk.session, message_id=sent.message_id, actor=Actor(desk.leila.id), now=utc_now())


def test_without_scripts_it_comes_behind_what_is_typed_and_leads_back_to_the_form(desk: Desk, message: Message) -> None:
    template = desk.make(text="Dag {{contact.first_name}}")
    path = f"/threads/{desk.thread.id}/template-uses{where(message)}"
    kept = desk.post(path, text="Eerst dit", to=TO, subject="Vonken")
    assert kept.status_code == 303
    assert f"/messages/{message.id}/forward" in desk.client.get(kept.location).text
    back = desk.post(path, template_id=template.id)
    assert back.location.endswith(f"/messages/{message.id}/forward")
    form = desk.client.get(back.location).text
    assert "Eerst dit\n\nDag Pieter</textarea>" in form
    assert f'value="{TO}"' in form
    assert 'value="Vonken"' in form
    assert desk.session.get(Draft, (desk.leila.id, desk.thread.id, "reply")) is None


def test_a_message_of_another_thread_is_refused(desk: Desk) -> None:
    other = make_thread(desk.session, desk.channel, make_contact(desk.session), at=utc_now())
    elsewhere = make_message(desk.session, other, "Iets anders", at=utc_now())
    desk.session.commit()
    for message_id in (elsewhere.id, uuid.uuid4()):
        assert desk.client.get(f"/threads/{desk.thread.id}/templates?kind=forward&message_id={message_id}").status_code == 404
