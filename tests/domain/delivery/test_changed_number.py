"""A customer who takes their WhatsApp to another number: the former one is shown as such, found by, and never sent to."""

from __future__ import annotations

import sqlalchemy as sa

from app.core.ids import new_id
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.contacts.numbers import spoken_number
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Message
from app.web.inbox.call_form import number_of
from tests.sandbox.simulators.whatsapp_world import JAN
from tests.support.chat_desk import ChatDesk

NEW = "31687654321"


def of(chat: ChatDesk, value: str) -> ContactIdentity:
    chat.session.expire_all()
    return chat.session.execute(sa.select(ContactIdentity).where(ContactIdentity.value == value)).scalar_one()


def move(chat: ChatDesk, to: str = NEW, **order: str) -> None:
    chat.customer(kind="change_number", to=to, **order)


def contact_page(chat: ChatDesk) -> str:
    return chat.client.get(f"/contacts/{chat.thread().contact_id}").text


def contact_of(chat: ChatDesk) -> Contact:
    return chat.session.execute(sa.select(Contact).where(Contact.merged_into_id.is_(None), Contact.name == "Jan")).scalar_one()


def test_the_former_number_is_marked_with_its_time_and_shown_struck(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    move(chat)
    note = chat.session.execute(sa.select(Message).order_by(Message.occurred_at.desc(), Message.id.desc()).limit(1)).scalar_one()
    former = of(chat, JAN)
    assert (former.former_since, former.is_primary) == (note.occurred_at, False)
    assert (of(chat, NEW).former_since, of(chat, NEW).is_primary) == (None, True)
    for page in (contact_page(chat), chat.page()):
        assert {number for number in (JAN, NEW) if f"<s>{spoken_number(f'+{number}')}</s>" in page} == {JAN}


def test_the_phone_line_of_that_number_goes_with_it(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    made = {"contact_id": contact_of(chat).id, "kind": "phone", "scope": "", "is_primary": False, "created_at": sa.func.now()}
    chat.session.execute(sa.insert(ContactIdentity).values(**made, id=new_id(), value="+31201112233", display="020"))
    chat.session.commit()
    assert of(chat, f"+{JAN}").former_since is None
    move(chat)
    assert of(chat, f"+{JAN}").former_since is not None
    assert of(chat, "+31201112233").former_since is None
    ways = chat.session.execute(sa.select(ContactIdentity).where(ContactIdentity.kind == "phone")).scalars()
    assert number_of(ways) == f"+{NEW}"


def test_answers_go_to_the_new_number_alone(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    move(chat)
    chat.reply(text="Dag")
    delivery = chat.session.execute(sa.select(Delivery)).scalar_one()
    assert JAN not in [way["value"] for party in delivery.outgoing["to"] for way in party["identities"]]
    chat.deliver()
    assert [asked["to"] for asked in chat.asked(type="text")] == [NEW]


def test_what_waited_for_the_former_number_is_not_sent_there(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.reply(text="Dag")
    move(chat)
    chat.deliver()
    message = chat.message("Dag")
    assert (message.delivery_status, message.delivery_reason["code"]) == ("failed", "former_number")
    assert chat.asked(type="text") == []


def test_a_late_message_from_the_former_number_finds_its_thread_and_leaves_it_former(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    earlier = int(of(chat, JAN).created_at.timestamp()) - 5
    move(chat)
    chat.customer(text="Nog van vroeger", timestamp=earlier)
    assert chat.message("Nog van vroeger").thread_id == chat.message("Hoi").thread_id
    assert of(chat, JAN).former_since is not None


def test_whoever_writes_from_it_again_is_answered_there(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    move(chat)
    chat.world.control("clock", advance_seconds=60)
    chat.customer(text="Toch weer hier")
    assert (of(chat, JAN).former_since, of(chat, JAN).is_primary) == (None, True)
    chat.reply(text="Dag")
    chat.deliver()
    assert [asked["to"] for asked in chat.asked(type="text")] == [JAN]


def test_people_may_say_that_it_is_in_use_again(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    move(chat)
    assert "Use again" in contact_page(chat)
    chat.post(f"/contacts/{contact_of(chat).id}/identities/{of(chat, JAN).id}/preference")
    assert (of(chat, JAN).former_since, of(chat, JAN).is_primary) == (None, True)


def test_old_threads_are_found_by_it(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    move(chat)
    assert "Jan" in chat.client.get("/search?q=31612345678").text
