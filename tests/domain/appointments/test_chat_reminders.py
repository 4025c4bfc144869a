"""Reminders of visits by WhatsApp and SMS: where they were planned, by the template of the channel or in words, and why not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.appointments.jobs import send_reminder
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import ContactIdentity
from app.domain.contacts.opt_outs import ask_for_no_more
from app.domain.threads.models import Message, Thread
from tests.domain.appointments.test_reminders import House
from tests.domain.appointments.test_reminders import house as house
from tests.factories import make_channel, make_thread

PHONE = "+31612345678"
CHAT = {"visit_reminders": "on", "reminder_template": "visit_reminder"}


def chat(house: House, **settings: Any) -> tuple[Channel, Thread]:
    """A WhatsApp number of the brand, and Pieter's conversation there, in which a visit is planned."""
    approved = {
        "name": "visit_reminder",
        "language": "nl",
        "status": "APPROVED",
        "components": [{"type": "BODY", "text": "{{1}}: {{2}}, {{3}}."}],
    }
    kept = {**CHAT, "templates": [approved], **settings}
    brand = house.session.get_one(Brand, house.channel.brand_id)
    channel = make_channel(house.session, brand, keyring=runtime().keyring, name="WhatsApp", settings=kept)
    number = ContactIdentity(id=new_id(), contact_id=house.pieter.id, kind="wa_id", value="31600000042", created_at=house.now)
    house.session.add(number)
    thread = make_thread(house.session, channel, house.pieter, subject="Vraag", at=house.now)
    house.session.commit()
    house.thread = thread
    return channel, thread


def remind(house: House) -> None:
    """Workers are told of every reminder, twice; what they queued stays."""
    for row_id in [one.id for one in house.rows()] * 2:
        send_reminder(row_id=str(row_id))
    house.session.expire_all()


def queued(house: House) -> list[Message]:
    query = sa.select(Message).where(Message.meta.has_key("appointment_id")).order_by(Message.created_at)
    return list(house.session.execute(query).scalars())


def test_a_visit_planned_in_a_chat_is_reminded_of_there_by_the_template_of_the_channel(house: House) -> None:
    channel, thread = chat(house)
    one = house.visit(23)
    remind(house)
    (message,) = queued(house)
    assert (message.thread_id, message.channel_id, house.outcomes()) == (thread.id, channel.id, [("sent", "")])
    begins = one.starts_at.astimezone(ZoneInfo(one.zone))
    assert message.text.startswith("Pieter: ")
    assert f"{begins:%H:%M}" in message.text
    assert house.mails() == []


def test_within_the_window_the_chat_says_it_in_words(house: House) -> None:
    _channel, thread = chat(house)
    thread.window_opened_at = house.now - timedelta(hours=1)
    house.session.commit()
    house.visit(23)
    remind(house)
    (message,) = queued(house)
    assert message.text.startswith("Hallo Pieter,")
    assert "Schouw" in message.text


@pytest.mark.parametrize(
    ("kept", "why"),
    [
        ({"reminder_template": "gone"}, "has no approved template"),
        ({"reminder_values": "visit_date"}, "needs 3 values"),
        ({"reminder_values": "visit_date; visit_time; mood"}, "uses the value mood, which does not exist"),
    ],
)
def test_a_chat_that_cannot_say_it_says_why(house: House, kept: dict[str, str], why: str) -> None:
    chat(house, **kept)
    house.visit(23)
    remind(house)
    ((outcome, reason),) = house.outcomes()
    assert outcome == "stopped"
    assert why in reason
    assert queued(house) == []


def test_a_chat_that_sends_no_reminders_leaves_it_to_the_mail(house: House) -> None:
    _channel, thread = chat(house, visit_reminders="off")
    house.visit(23)
    house.work()
    (message,) = queued(house)
    assert (message.thread_id, len(house.mails())) == (thread.id, 1)
    facts = house.mails()[0]["personalizations"][0]["dynamic_template_data"]
    assert facts["customer_name"] == "Pieter"
    assert facts["visit_time"] == facts["time"]


def texts(house: House) -> tuple[Channel, Thread]:
    """A number of the brand for texts, and Pieter's conversation there, in which a visit is planned."""
    brand, kept = house.session.get_one(Brand, house.channel.brand_id), {"visit_reminders": "on"}
    number = {"keyring": runtime().keyring, "name": "SMS", "address": "+3197010200300", "settings": kept}
    channel = make_channel(house.session, brand, ChannelType.SMS, **number)
    house.session.add(ContactIdentity(id=new_id(), contact_id=house.pieter.id, kind="phone", value=PHONE, created_at=house.now))
    house.thread = make_thread(house.session, channel, house.pieter, at=house.now)
    house.session.commit()
    return channel, house.thread


def test_a_visit_planned_by_sms_is_reminded_of_there_in_words(house: House) -> None:
    channel, thread = texts(house)
    one = house.visit(23)
    remind(house)
    (message,) = queued(house)
    assert (message.thread_id, message.channel_id, house.outcomes()) == (thread.id, channel.id, [("sent", "")])
    assert message.recipients["to"][0]["address"] == PHONE
    assert f"{one.starts_at.astimezone(ZoneInfo(one.zone)):%H:%M}" in message.text
    assert house.mails() == []


def test_nobody_who_stopped_texts_is_reminded_by_one(house: House) -> None:
    channel, _thread = texts(house)
    no = {"brand_id": channel.brand_id, "medium": "sms", "address": PHONE}
    ask_for_no_more(house.session, **no, said="STOP", message_id=None, at=house.now)
    house.session.commit()
    house.visit(23)
    remind(house)
    ((outcome, reason),) = house.outcomes()
    assert (outcome, queued(house)) == ("stopped", [])
    assert reason
