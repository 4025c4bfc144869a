"""A message that ends badly: its thread is work again, everybody concerned is told, and the next step is a button."""

from __future__ import annotations

import sqlalchemy as sa
from flask import g

from app.domain.contacts.models import ContactIdentity
from app.domain.notifications.models import Notification, NotificationKind
from app.domain.sla.models import SlaClock
from app.domain.threads.models import Draft, ThreadStatus
from tests.factories import make_user
from tests.support.chat_desk import ChatDesk


def refuse(chat: ChatDesk, text: str = "Ja, dat kan", **fields: object) -> None:
    """Alice answers, and the provider does not take it."""
    chat.world.control("fail_next", code=131026, how="sync")
    assert chat.reply(text=text, **fields).status_code == 200
    chat.deliver()
    chat.session.expire_all()


def asked_anew(chat: ChatDesk, path: str) -> str:
    """A page with its own counts: the desk holds one context for all its requests."""
    g.pop("view_counts", None)
    return chat.client.get(path).text


def told_of_unsent(chat: ChatDesk) -> list[str]:
    query = sa.select(Notification.user_id).where(Notification.kind == NotificationKind.UNSENT)
    return sorted(map(str, chat.session.execute(query).scalars()))


def is_running(chat: ChatDesk) -> bool:
    query = sa.select(SlaClock.outcome).where(SlaClock.thread_id == chat.thread().id, SlaClock.kind == "first_response")
    return [str(outcome) for outcome in chat.session.execute(query).scalars()] == ["running"]


def test_a_refused_answer_opens_its_thread_and_its_clock_goes_on(chat: ChatDesk) -> None:
    chat.customer(text="Kan het ook 7,5 meter worden?")
    refuse(chat)
    thread = chat.thread()
    assert thread.status == ThreadStatus.OPEN
    assert thread.unsent_medium == "whatsapp"
    assert is_running(chat)
    assert thread.response_due_at is not None
    page = chat.page()
    assert "WhatsApp message not sent" in page
    assert "Open again: the message was not delivered" in page
    assert 'href="/inbox/unsent"' in asked_anew(chat, "/inbox")


def test_a_resolved_thread_comes_back_and_writer_and_assignee_are_told_once(chat: ChatDesk) -> None:
    chat.customer(text="Kan het?")
    bob = make_user(chat.session, "Bob", brands=())
    thread = chat.thread()
    thread.assignee_user_id = chat.alice.id
    chat.session.commit()
    refuse(chat, then="resolved")
    assert chat.thread().status == ThreadStatus.OPEN
    assert told_of_unsent(chat) == [str(chat.alice.id)]
    assert str(bob.id) not in told_of_unsent(chat)
    assert "was not delivered" in chat.client.get("/notifications").text


def test_the_rail_and_the_search_know_it_until_it_is_dealt_with(chat: ChatDesk) -> None:
    chat.customer(text="Kan het?")
    assert "Not sent" not in asked_anew(chat, "/inbox")
    refuse(chat)
    assert "WhatsApp message not sent" in asked_anew(chat, "/inbox/unsent")
    assert "Jan" in chat.client.get("/search?q=is:failed").text
    message = chat.message("Ja, dat kan")
    assert chat.post(f"/messages/{message.id}/retry").status_code == 204
    assert chat.thread().unsent_medium is None
    chat.deliver()
    assert chat.message("Ja, dat kan").delivery_status == "read"
    assert chat.thread().unsent_medium is None
    assert "Not sent" not in asked_anew(chat, "/inbox")


def test_another_answer_and_a_resolve_deal_with_it(chat: ChatDesk) -> None:
    chat.customer(text="Kan het?")
    refuse(chat)
    assert chat.reply(text="Nog eens").status_code == 200
    assert chat.thread().unsent_medium is None
    refuse(chat, text="Derde keer")
    assert chat.thread().unsent_medium == "whatsapp"
    assert chat.post(f"/threads/{chat.thread().id}/status", status="resolved").status_code == 200
    chat.session.expire_all()
    assert chat.thread().unsent_medium is None


def test_it_goes_into_the_composer_of_another_channel_with_what_was_typed_since(chat: ChatDesk) -> None:
    chat.customer(text="Kan het?")
    refuse(chat)
    message = chat.message("Ja, dat kan")
    assert f"/messages/{message.id}/retry" in chat.page()
    answer = chat.post(f"/messages/{message.id}/elsewhere?channel_id={chat.channel.id}", text="PS")
    assert answer.status_code == 200
    assert "Ja, dat kan\n\nPS" in answer.text
    assert chat.session.execute(sa.select(Draft.text)).scalar_one() == "Ja, dat kan\n\nPS"
    kinds = chat.session.execute(sa.select(ContactIdentity.kind)).scalars().all()
    assert "email" not in kinds  # so nothing is offered that cannot work
    assert "Send by email" not in chat.page()
