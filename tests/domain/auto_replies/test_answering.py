"""An automatic answer goes out once, to a person, in their language, and changes nothing about the work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.auto_replies.eligibility import MOST_AN_HOUR
from app.domain.auto_replies.models import AutoReplyDecision, AutoReplyKind
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply
from app.domain.delivery.envelope import outgoing_message
from app.domain.delivery.models import Delivery
from app.domain.events.actions import Actor
from app.domain.sla.clock import FactKind
from app.domain.sla.models import SlaFact
from app.domain.threads.actions import change_status
from app.domain.threads.models import Message, MessageType, ThreadStatus
from app.domain.threads.spam import block_sender, mark_spam
from tests.domain.auto_replies.conftest import MONDAY, SATURDAY, Desk, local
from tests.factories import make_message

CLOSED, ORDER = AutoReplyKind.CLOSED, AutoReplyKind.ORDER_STATUS


def test_outside_business_hours_the_answer_says_when_somebody_is_back(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write(external_id="klant-1@example.nl", meta={"references": ["eerder@example.nl"]})
    decision = desk.answer(event)
    assert decision is not None
    assert decision.reason == ""
    (answer,) = desk.answers()
    assert "Op maandag 9 maart om 09:00 zijn we er weer" in answer.text
    assert answer.text.startswith("Beste Pieter,")
    assert "Kunt u mij bellen" not in answer.text
    assert answer.subject == "Automatisch antwoord: Vraag"
    assert answer.recipients["to"][0]["address"] == "pieter@example.nl"
    delivery = desk.session.execute(sa.select(Delivery).where(Delivery.message_id == answer.id)).scalar_one()
    sent = outgoing_message(delivery, answer, desk.mail, [])
    assert sent.is_automatic
    assert sent.in_reply_to == "klant-1@example.nl"
    assert sent.references == ("eerder@example.nl", "klant-1@example.nl")


def test_nothing_goes_out_while_somebody_is_there_or_nothing_is_switched_on(desk: Desk) -> None:
    assert desk.answer(desk.write()) is None
    desk.switch_on(CLOSED)
    assert desk.answer(desk.write(at=MONDAY, sender="anna@example.nl")) is None
    assert desk.answers() == []
    assert desk.session.execute(sa.select(sa.func.count()).select_from(AutoReplyDecision)).scalar_one() == 0


def test_a_public_holiday_is_closed_and_the_next_opening_is_after_it(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    desk.answer(desk.write(at="2026-04-06 11:00"))  # Easter Monday
    assert "dinsdag 7 april om 09:00" in desk.answers()[0].text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, could you please call me about the charger?", "We are back on Monday 9 March at 09:00"),
        ("Bonjour, pouvez-vous me rappeler pour la borne ? Je suis chez moi avec ma femme.", "le lundi 9 mars à 09:00"),
        ("Hoi, kan iemand mij bellen over de paal?", "maandag 9 maart om 09:00"),
        ("?", "maandag 9 maart om 09:00"),
    ],
)
def test_the_answer_speaks_the_language_of_the_message(desk: Desk, text: str, expected: str) -> None:
    desk.switch_on(CLOSED)
    desk.answer(desk.write(text, subject=""))
    assert expected in desk.answers()[0].text


def test_a_question_about_an_order_is_answered_at_any_time_with_its_number(desk: Desk) -> None:
    desk.switch_on(CLOSED, ORDER)
    event = desk.write("Waar blijft mijn bestelling 2026-0418? Ik wacht al twee weken.", at=MONDAY)
    decision = desk.answer(event)
    assert decision is not None
    assert decision.kind == ORDER
    (answer,) = desk.answers()
    assert "uw vraag over bestelling 2026-0418 gezien" in answer.text
    assert "antwoordt vandaag uiterlijk om 15:00" in answer.text  # four business hours
    assert answer.meta["auto_reply"] == "order_status"


def test_the_thread_stays_as_the_customer_left_it(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write()
    before = desk.thread_of(event)
    was = (before.status, before.assignee_user_id, before.preview, before.last_message_at, before.response_due_at)
    was_seen = before.inbound_seq
    desk.answer(event)
    after = desk.thread_of(event)
    assert (after.status, after.assignee_user_id, after.preview, after.last_message_at, after.response_due_at) == was
    assert after.inbound_seq == was_seen
    assert after.response_due_at is not None
    facts = desk.session.execute(sa.select(SlaFact.kind).where(SlaFact.thread_id == after.id)).scalars().all()
    assert FactKind.ANSWERED not in facts


def test_a_reply_written_meanwhile_is_not_held_for_it(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write()
    desk.answer(event)
    rules = runtime().adapters.rules[desk.mail.channel_type.value]
    context = ReplyContext(rules=rules, mail_keys=runtime().mail_keys, mail_domain="mail.example", now=local("2026-03-07 12:30"))
    reply = Reply(thread_id=event.thread_id, text="Ik bel u zo", last_seen_message_id=event.message_id)  # type: ignore[arg-type]
    author = Actor(desk.alice.id)
    (sent,) = queue_reply(desk.session, reply, channel=desk.mail, author=author, author_name="Alice", context=context)
    assert sent.subject == "Re: Vraag"


def test_twice_is_once_and_a_second_message_within_a_day_is_not_answered(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write()
    assert desk.answer(event) is not None
    assert desk.answer(event) is None
    again = desk.write("Nog iets", at="2026-03-07 15:00", thread=desk.thread_of(event))
    elsewhere = desk.write("Iets anders", at="2026-03-07 16:00", subject="Factuur")
    for later in (again, elsewhere):
        decision = desk.answer(later)
        assert decision is not None
        assert decision.reason == "This person got an automatic answer in the last 24 hours"
    next_day = desk.answer(desk.write("Hallo?", at="2026-03-08 11:30", subject="Nog iets"))
    assert next_day is not None
    assert next_day.reason == ""
    assert len(desk.answers()) == 2


def test_a_channel_sends_no_more_than_its_most_in_an_hour(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write()
    for _ in range(MOST_AN_HOUR):
        row: dict[str, Any] = {"id": new_id(), "message_id": new_id(), "sent_message_id": new_id(), "kind": CLOSED, "reason": ""}
        row |= {"thread_id": event.thread_id, "brand_id": desk.brand.id, "channel_id": desk.mail.id, "address": "x@example.nl"}
        desk.session.add(AutoReplyDecision(**row, decided_at=event.occurred_at - timedelta(minutes=30)))
    desk.session.flush()
    decision = desk.answer(event)
    assert decision is not None
    assert decision.reason == "The channel reached its limit of automatic answers per hour"
    later = desk.answer(desk.write(at="2026-03-07 11:31", sender="anna@example.nl"))
    assert later is not None
    assert later.reason == ""


@pytest.mark.parametrize(
    ("reason", "values"),
    [
        ("We do not answer automatic email", {"automatic": "auto_reply"}),
        ("We do not answer automatic email", {"automatic": "bounce"}),
        ("The message is from one of our own mailboxes", {"sender": "service@chargecars.example"}),
        ("The message is from one of our own mailboxes", {"meta": {"reply_to": "service+t.abc@chargecars.example"}}),
        ("The email has no reply address", {"sender": ""}),
        ("The reply address is not monitored", {"sender": "no-reply@winkel.example"}),
        ("The reply address is not monitored", {"meta": {"reply_to": "mailer-daemon@winkel.example"}}),
        ("The message came through a mailing list", {"meta": {"list_id": "<vve.example>"}}),
        ("The email asks us not to answer automatically", {"meta": {"asks_no_automatic_answer": True}}),
        ("The sender may be forged: the email failed the sender check (DMARC)", {"meta": {"authentication": {"dmarc": "fail"}}}),
        ("The email went to many people", {"recipients": {"to": [{"address": f"{n}@example.nl"} for n in range(11)]}}),
        ("The email lists no recipient, so it probably went to many people", {"recipients": {"to": []}}),
    ],
)
def test_what_is_not_from_one_person_to_us_is_not_answered_and_says_why(desk: Desk, reason: str, values: dict[str, Any]) -> None:
    desk.switch_on(CLOSED)
    decision = desk.answer(desk.write(**values))
    assert decision is not None
    assert decision.reason == reason
    assert desk.answers() == []


def test_spam_and_blocked_senders_are_not_answered(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write()
    mark_spam(desk.session, thread_id=event.thread_id, now=local(SATURDAY), actor=Actor(desk.alice.id))  # type: ignore[arg-type]
    decision = desk.answer(event)
    assert decision is not None
    assert decision.reason == "The thread is spam"
    other = desk.write(sender="mallory@example.nl", name="Mallory")
    block_sender(desk.session, thread_id=other.thread_id, actor=Actor(desk.alice.id), now=local(SATURDAY))  # type: ignore[arg-type]
    again = desk.answer(desk.write(sender="mallory@example.nl", name="Mallory", subject="Iets anders"))
    assert again is not None
    assert again.reason == "The sender is blocked"


def test_old_messages_and_living_talks_are_left_alone(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    late = desk.answer(desk.write(), at="2026-03-07 13:00")
    assert late is not None
    assert late.reason == "The message is more than an hour old"
    event = desk.write(sender="anna@example.nl")
    thread = desk.thread_of(event)
    make_message(desk.session, thread, "Ik kijk", at=local("2026-03-07 11:05"), message_type=MessageType.OUTGOING)
    again = desk.answer(desk.write("Fijn", at="2026-03-07 11:10", thread=thread, sender="anna@example.nl"))
    assert again is not None
    assert again.reason == "A colleague is active in this thread"


def test_of_several_messages_in_a_breath_the_newest_is_answered(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    first = desk.write()
    second = desk.write("En nog iets", at="2026-03-07 11:01", thread=desk.thread_of(first))
    decision = desk.answer(first, at="2026-03-07 11:02")
    assert decision is not None
    assert decision.reason == "The same person wrote again: we answer the newer message"
    assert desk.answer(second, at="2026-03-07 11:02") is not None
    assert len(desk.answers()) == 1


def test_a_resolved_thread_that_the_customer_opened_again_stays_open(desk: Desk) -> None:
    desk.switch_on(CLOSED)
    event = desk.write(at=MONDAY)
    actor = Actor(desk.alice.id)
    change_status(desk.session, thread_id=event.thread_id, status=ThreadStatus.RESOLVED, actor=actor, now=local(MONDAY))  # type: ignore[arg-type]
    desk.answer(desk.write("Toch nog iets", at="2026-03-09 20:00", thread=desk.thread_of(event)))
    assert len(desk.answers()) == 1
    assert desk.thread_of(event).status == ThreadStatus.OPEN


def test_a_chat_is_answered_within_its_window_and_once(desk: Desk) -> None:
    desk.switch_on(CLOSED, channel=desk.chat)
    decision = desk.answer(desk.chat_message())
    assert decision is not None
    assert decision.reason == ""
    (answer,) = desk.answers()
    assert (answer.medium, answer.subject) == ("whatsapp", "")
    again = desk.answer(desk.chat_message("Hallo?", at="2026-03-07 12:00"))
    assert again is not None
    assert again.reason == "This person got an automatic answer in the last 24 hours"


def test_a_chat_outside_its_window_is_refused_with_the_reason(desk: Desk) -> None:
    desk.switch_on(CLOSED, channel=desk.chat)
    event = desk.chat_message()
    thread = desk.thread_of(event)
    thread.window_opened_at = local("2026-03-05 11:00")
    desk.session.flush()
    decision = desk.answer(event)
    assert decision is not None
    assert decision.reason.startswith("The 24-hour window is closed")
    assert desk.answers() == []
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 1
