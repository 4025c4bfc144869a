"""What the provider of a chat is told beside messages: read marks, that somebody types, reactions of ours."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa

from app.domain.delivery.signal_models import ChatSignal
from app.domain.threads.models import Thread
from tests.support.chat_desk import ChatDesk


def signals(chat: ChatDesk, kind: str) -> list[ChatSignal]:
    query = sa.select(ChatSignal).where(ChatSignal.kind == kind).order_by(ChatSignal.created_at)
    return list(chat.session.execute(query).scalars())


def switch(chat: ChatDesk, **settings: str) -> None:
    chat.channel.settings = {**chat.channel.settings, **settings}
    chat.session.commit()


def ticks(chat: ChatDesk) -> list[str]:
    return [bubble["ticks"] for bubble in chat.world.phone() if bubble["direction"] == "from_customer"]


def test_the_newest_message_is_marked_read_once_when_somebody_opens_it(chat: ChatDesk) -> None:
    chat.customer(text="Een")
    newest = chat.customer(text="Twee")
    chat.page()
    chat.page()
    chat.signal()
    assert [body["message_id"] for body in chat.asked(status="read")] == [newest]
    assert ticks(chat)[-1] == "read"
    assert signals(chat, "read")[0].state == "done"


def test_an_answer_marks_what_it_answers_as_read(chat: ChatDesk) -> None:
    wamid = chat.customer(text="Hoi")
    chat.reply(text="Dag")
    chat.signal()
    assert [body["message_id"] for body in chat.asked(status="read")] == [wamid]


def test_a_channel_without_read_marks_tells_nothing(chat: ChatDesk) -> None:
    switch(chat, read_marks="off")
    chat.customer(text="Hoi")
    chat.page()
    chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text="Ik kijk")
    assert signals(chat, "read") == signals(chat, "typing") == []


def test_a_read_mark_that_is_refused_stops_and_one_that_cannot_be_told_waits(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.page()
    chat.world.fault(status=503, times=1)
    chat.signal()
    [mark] = signals(chat, "read")
    assert (mark.state, mark.attempts) == ("ready", 1)
    chat.session.execute(sa.update(ChatSignal).values(run_at=sa.func.now()))
    chat.session.commit()
    chat.signal()
    assert signals(chat, "read")[0].state == "done"


def test_typing_is_told_at_most_every_twenty_seconds(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    for text in ("I", "Ik", "Ik kijk"):
        chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text=text)
    chat.signal()
    assert len([body for body in chat.asked(status="read") if "typing_indicator" in body]) == 1
    chat.session.execute(sa.update(ChatSignal).values(created_at=ChatSignal.created_at - timedelta(seconds=21)))
    chat.session.commit()
    chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text="Ik kijk even")
    assert len(signals(chat, "typing")) == 2


def test_a_sign_of_typing_that_comes_too_late_is_not_told(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text="Ik")
    chat.session.execute(sa.update(ChatSignal).values(created_at=ChatSignal.created_at - timedelta(seconds=21)))
    chat.session.commit()
    chat.signal()
    assert chat.asked(status="read") == []


def test_notes_and_switched_off_typing_tell_nobody(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    chat.post(f"/threads/{chat.thread().id}/draft", kind="note", text="Lastige klant")
    switch(chat, typing="off")
    chat.post(f"/threads/{chat.thread().id}/draft", kind="reply", text="Ik kijk")
    assert signals(chat, "typing") == []


def test_a_reaction_of_ours_is_on_the_message_here_and_there_and_taken_back(chat: ChatDesk) -> None:
    wamid = chat.customer(text="Bedankt!")
    message = chat.message("Bedankt!")
    assert chat.post(f"/messages/{message.id}/reaction", emoji="👍").status_code == 204
    chat.session.expire_all()
    assert [r["emoji"] for r in chat.message("Bedankt!").reactions] == ["👍"]
    chat.signal()
    assert [body["reaction"] for body in chat.asked(type="reaction")] == [{"message_id": wamid, "emoji": "👍"}]
    assert "Alice" in chat.page().partition('class="message__reactions"')[2][:400]
    chat.post(f"/messages/{message.id}/reaction", emoji="")
    chat.signal()
    assert chat.asked(type="reaction")[-1]["reaction"]["emoji"] == ""
    assert 'class="message__reactions"' not in chat.page()


def test_a_reaction_the_provider_refuses_says_why(chat: ChatDesk) -> None:
    chat.customer(text="Bedankt!")
    message = chat.message("Bedankt!")
    chat.post(f"/messages/{message.id}/reaction", emoji="🙏")
    chat.world.control("fail_next", code=131009, how="sync")
    chat.signal()
    page = chat.page()
    assert "The reaction 🙏 was not sent." in page
    assert "A field has a value WhatsApp does not accept" in page


def test_nobody_reacts_after_the_window_or_with_something_else(chat: ChatDesk) -> None:
    chat.customer(text="Hoi")
    path = f"/messages/{chat.message('Hoi').id}/reaction"
    assert chat.post(path, emoji="🔥").status_code == 422
    chat.session.execute(sa.update(Thread).values(window_opened_at=sa.func.now() - sa.text("interval '25 hours'")))
    chat.session.commit()
    answer = chat.post(path, emoji="👍")
    assert answer.status_code == 422
    assert "24 hours" in answer.headers["HX-Trigger"]
    assert signals(chat, "reaction") == []
