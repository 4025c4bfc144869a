"""How fast WhatsApp may be written to: what holds for one person holds up nobody else, and what is for administrators shows."""

from __future__ import annotations

import time

import pytest
import sqlalchemy as sa

from app.core.runtime import runtime
from app.domain.connections.connection_check import check_channel
from app.domain.connections.gate import Gate
from app.domain.connections.views import number_facts
from app.domain.delivery.jobs import ONE_PERSON
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Thread
from app.providers.whatsapp_cloud.errors import RULES
from tests.sandbox.simulators.whatsapp_world import JAN, WABA_ID
from tests.support.chat_desk import ChatDesk

ANNA = "31687654321"


def gate(chat: ChatDesk) -> Gate:
    return Gate(runtime().redis, chat.channel.id, chat.channel.channel_type.value)


def thread_of(chat: ChatDesk, text: str) -> Thread:
    return chat.session.get_one(Thread, chat.message(text).thread_id)


def reply(chat: ChatDesk, thread: Thread, text: str) -> None:
    answer = chat.post(f"/threads/{thread.id}/messages", channel_id=chat.channel.id, text=text)
    assert answer.status_code == 200


def waits_seconds(chat: ChatDesk, text: str) -> float:
    message = chat.message(text)
    left = sa.select(sa.extract("epoch", Delivery.run_at - sa.func.clock_timestamp())).where(Delivery.message_id == message.id)
    return float(chat.session.execute(left).scalar_one())


def test_too_much_for_one_person_waits_for_them_alone(chat: ChatDesk) -> None:
    chat.world.configure(pair_burst=1)
    chat.customer(text="Van Jan")
    chat.customer(**{"from": ANNA}, text="Van Anna")
    jan, anna = thread_of(chat, "Van Jan"), thread_of(chat, "Van Anna")
    reply(chat, jan, "Een")
    chat.deliver()
    reply(chat, jan, "Twee")
    reply(chat, anna, "Voor Anna")
    chat.deliver()
    assert chat.message("Twee").delivery_status == "pending"
    assert 0 < waits_seconds(chat, "Twee") <= 6
    assert chat.message("Voor Anna").delivery_status == "read"
    look = gate(chat).look(now=time.time())
    assert look is not None
    assert look.rests_seconds == 0
    chat.world.control("clock", advance_seconds=7)
    chat.session.execute(sa.update(Delivery).values(run_at=sa.func.now()))
    chat.session.commit()
    chat.deliver()
    assert chat.message("Twee").delivery_status == "read"
    assert [item["text"] for item in chat.world.phone(JAN) if item["direction"] == "to_customer"] == ["Een", "Twee"]


def test_we_keep_to_the_pace_for_one_person_before_we_are_refused(chat: ChatDesk) -> None:
    """Each knows of 45 at once; the provider is never asked for more, and who waits has lost no try and says why."""
    chat.world.configure(pair_burst=45)
    chat.customer(text="Van Jan")
    chat.customer(**{"from": ANNA}, text="Van Anna")
    for place in range(45):
        gate(chat).admit(f"{place}", now=time.time(), lease_seconds=60, person=JAN)
        gate(chat).leave(f"{place}")
    reply(chat, thread_of(chat, "Van Jan"), "Te veel")
    reply(chat, thread_of(chat, "Van Anna"), "Voor Anna")
    chat.deliver()
    waiting = chat.message("Te veel")
    delivery = chat.session.execute(sa.select(Delivery).where(Delivery.message_id == waiting.id)).scalar_one()
    assert (waiting.delivery_status, waiting.delivery_reason["title"]) == ("pending", ONE_PERSON)
    assert (delivery.state, delivery.attempts) == ("ready", 0)
    assert 0 < waits_seconds(chat, "Te veel") <= 6
    assert [asked["to"] for asked in chat.asked(type="text")] == [ANNA]
    runtime().redis.flushdb()  # which forgets whose turn it is, and nothing else
    chat.session.execute(sa.update(Delivery).values(run_at=sa.func.now()))
    chat.session.commit()
    chat.deliver()
    assert chat.message("Te veel").delivery_status == "read"
    assert chat.message("Te veel").delivery_reason is None


def test_too_much_for_the_number_rests_it_for_seconds(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.world.control("fail_next", code=130429, how="sync")
    reply(chat, chat.thread(), "Dag")
    chat.deliver()
    look = gate(chat).look(now=time.time())
    assert look is not None
    assert 0 < look.rests_seconds <= 5
    gate(chat).note_success()


@pytest.mark.parametrize("how", ["sync", "webhook"])
@pytest.mark.parametrize("code", [131042, 131048, 131064])
def test_what_only_an_administrator_can_mend_shows_on_the_channel(chat: ChatDesk, code: int, how: str) -> None:
    chat.customer(text="Hoi")
    chat.world.control("fail_next", code=code, how=how)
    reply(chat, chat.thread(), "Dag")
    chat.deliver()
    chat.session.expire_all()
    assert (chat.channel.health, chat.channel.health_detail) == ("degraded", RULES[code].title)
    gate(chat).note_success()


def test_a_person_without_whatsapp_says_nothing_against_the_channel(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.world.control("fail_next", code=131026, how="webhook")
    reply(chat, chat.thread(), "Dag")
    chat.deliver()
    assert chat.channel.health != "degraded"
    assert "Reach this person by phone, SMS or email instead." in chat.page()


def test_a_number_in_the_app_as_well_is_sent_at_its_pace_and_says_so(chat: ChatDesk) -> None:
    number = {"phone_number_id": chat.channel.address, "display_phone_number": "31201234567", "waba_id": WABA_ID}
    chat.world.configure(numbers=[{**number, "is_on_biz_app": True}])
    assert check_channel(chat.channel) is not None
    chat.session.expire_all()
    assert chat.channel.settings["number"]["throughput"] == "APP"
    assert [fact.value for fact in number_facts(chat.channel)][-1] == "shared with the WhatsApp Business app"


def test_the_quality_and_the_limit_of_the_number_are_kept_and_follow_what_is_said(chat: ChatDesk) -> None:
    assert check_channel(chat.channel) is not None
    chat.session.expire_all()
    assert chat.channel.settings["number"] == {"quality": "GREEN", "limit": "10K", "throughput": "STANDARD"}
    value = {"display_phone_number": "31201234567", "event": "FLAGGED", "current_limit": "TIER_2K"}
    chat.customer(kind="change", field="phone_number_quality_update", value=value, waba_id=WABA_ID)
    assert chat.channel.settings["number"] == {"quality": "RED", "limit": "2K", "throughput": "STANDARD"}
    chat.customer(kind="change", field="business_capability_update", value={"max_daily_conversations_per_business": -1})
    assert chat.channel.settings["number"]["limit"] == "UNLIMITED"
