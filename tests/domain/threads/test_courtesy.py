"""Who only thanks us waits for nothing; in doubt it is a question."""

from __future__ import annotations

import pytest

from app.domain.sla.models import SlaClock
from app.domain.threads.courtesy import is_courtesy, own_words
from app.domain.threads.models import ThreadStatus
from tests.domain.delivery.conftest import chat, whatsapp_provider  # noqa: F401  the same desk
from tests.support.chat_desk import ChatDesk

THANKS = """
Bedankt! | Dank je wel voor de snelle reactie | Hartelijk dank, fijne dag nog | Super service 😃 | 👍 | 🙏🏽 | Ok dank | Oké, top!
Thanks so much for your help! | Thank you, Sarah | Great, thanks 😊 | Merci beaucoup pour votre aide ! | D'accord merci
Vielen Dank für die schnelle Antwort | Alles klar, danke | Perfect! | 👌✅ | Duidelijk, bedankt. Groetjes Jan
Parfait, merci. Bonne journée
"""
QUESTIONS = """
Bedankt, maar hij doet het nog niet | Dank. Annuleren | Ja | Nee bedankt | Thanks, when do you come? | Top, tot dinsdag 14:00
Merci de me rappeler | Danke, aber es geht nicht | 12 | Bedankt https://example.com/x | Thanks for nothing | ok?
Perfect, please book it | Super slecht | Dank voor de factuur
"""


def texts(listed: str) -> list[str]:
    return [text.strip() for line in listed.strip().splitlines() for text in line.split("|")]


@pytest.mark.parametrize("text", texts(THANKS))
def test_thanks_ask_for_nothing(text: str) -> None:
    assert is_courtesy(text, names=frozenset({"sarah", "jan"}))


@pytest.mark.parametrize("text", [*texts(QUESTIONS), ""])
def test_anything_else_is_a_question(text: str) -> None:
    assert not is_courtesy(text)


@pytest.mark.parametrize(
    ("text", "thanks_alone"), [("Ok", False), ("👍", False), ("Akkoord, bedankt", False), ("Bedankt!", True), ("🙏", True)]
)
def test_what_agrees_is_an_answer_to_what_we_asked(text: str, thanks_alone: bool) -> None:
    assert is_courtesy(text, asked=True) is thanks_alone
    assert is_courtesy(text)


def test_quotes_and_signatures_of_a_mail_do_not_count() -> None:
    mail = "Bedankt!\n\nOp ma 2 mrt. 2026 om 10:00 schreef Sarah <sarah@example.nl>:\n> Kunt u bellen?\n"
    assert is_courtesy(own_words(mail))


def is_due(desk: ChatDesk) -> bool:
    desk.session.expire_all()
    return desk.thread().response_due_at is not None


def test_thanks_open_nothing_begin_no_clock_and_can_be_a_question(chat: ChatDesk) -> None:  # noqa: F811
    chat.customer(text="Doet mijn lader het weer?")
    assert chat.reply(text="Ja, hij is weer online.", then="resolved").status_code == 200
    chat.customer(text="Super, bedankt!")
    assert chat.thread().status == ThreadStatus.RESOLVED
    assert not is_due(chat)
    message = chat.message("Super, bedankt!")
    assert "Just a thank-you" in chat.page()
    assert chat.post(f"/messages/{message.id}/question").status_code == 200
    chat.session.expire_all()
    assert chat.thread().status == ThreadStatus.OPEN
    assert is_due(chat)
    assert "Just a thank-you" not in chat.page()


def test_an_agreement_after_a_question_of_ours_is_work(chat: ChatDesk) -> None:  # noqa: F811
    chat.customer(text="De kabel is te kort")
    assert chat.reply(text="7,5 meter kost € 85 extra. Akkoord?").status_code == 200
    chat.customer(text="Akkoord")
    assert chat.thread().status == ThreadStatus.OPEN
    assert is_due(chat)


def test_no_answer_needed_ends_the_clock_and_comes_back_whole(chat: ChatDesk) -> None:  # noqa: F811
    chat.customer(text="Ter info: ik ben volgende week op vakantie")
    due = chat.thread().response_due_at
    path = f"/threads/{chat.thread().id}/no-answer"
    assert 'data-key="o"' in chat.page()
    assert "Undo" in chat.post(path).headers["HX-Trigger"]
    assert not is_due(chat)
    assert chat.thread().status == ThreadStatus.WAITING_CUSTOMER
    clocks = chat.session.query(SlaClock).filter(SlaClock.kind == "first_response")
    assert [clock.outcome.value for clock in clocks] == ["needless"]
    assert chat.post(f"{path}?undo=open").status_code == 200
    assert is_due(chat)
    assert (chat.thread().status, chat.thread().response_due_at) == (ThreadStatus.OPEN, due)
    chat.post(path)
    chat.customer(text="En nu een vraag: wanneer komt u?")
    assert is_due(chat)
