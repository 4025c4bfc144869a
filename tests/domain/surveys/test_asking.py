"""Who is asked, when, how often, and what a mere number in a chat does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.contract.base import Automatic, Direction, Identity, IdentityKind, InboundMessage, Party
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.contacts.details import set_consent
from app.domain.contacts.models import ConsentPurpose
from app.domain.events.actions import SYSTEM
from app.domain.ingest.apply import apply_message
from app.domain.ingest.context import ApplyContext
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.notifications.models import Notification, NotificationKind
from app.domain.surveys.actions import Said, take_answer
from app.domain.surveys.models import AnswerWay, SurveyKind
from app.domain.surveys.planning import plan_campaign
from app.domain.surveys.texts import LANGUAGES, choice_titles, read_score
from app.domain.surveys.times import within_hours
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.domain.threads.spam import mark_spam
from tests.domain.sla.conftest import local
from tests.domain.surveys.conftest import Desk
from tests.factories import make_contact


def test_a_matter_that_is_over_is_asked_about_once_a_day_later(surveys: Desk) -> None:
    surveys.switch_on()
    surveys.resolve(surveys.matter())
    (row,) = surveys.rows()
    assert row.run_at == surveys.now + timedelta(hours=24)
    assert (row.rated_user_id, row.outcome) == (surveys.alice.id, None)
    surveys.work()
    assert surveys.questions() == []
    surveys.let_pass(hours=25)
    surveys.work()
    (message,) = surveys.questions()
    assert message.text.count("/s/") == 6
    assert message.text.splitlines()[0] == "Beste Pieter van Dam,"
    assert surveys.outcomes() == [("sent", "")]
    thread = surveys.session.get_one(Thread, row.thread_id)
    assert (thread.status, thread.is_open) == (ThreadStatus.RESOLVED, False)


def test_without_a_survey_nobody_is_asked_and_nothing_is_written(surveys: Desk) -> None:
    surveys.resolve(surveys.matter())
    surveys.switch_on(is_on=False)
    surveys.resolve(surveys.matter())
    assert surveys.rows() == []


def _refuse(desk: Desk, thread: Thread) -> None:
    set_consent(desk.session, desk.pieter, ConsentPurpose.SURVEY, is_given=False, basis="phone", actor=SYSTEM, now=desk.now)


def _spam(desk: Desk, thread: Thread) -> None:
    mark_spam(desk.session, thread_id=thread.id, now=desk.now, because="user")


def _switch_off(desk: Desk, thread: Thread) -> None:
    desk.switch_on(is_on=False)


@pytest.mark.parametrize(
    ("happens", "expected"),
    [
        (lambda desk, thread: desk.ask(thread), ("cancelled", "The thread continued before the survey was sent.")),
        (_spam, ("cancelled", "The thread was marked as spam.")),
        (_refuse, ("withheld", "The contact opted out of surveys.")),
        (_switch_off, ("withheld", "The brand no longer sends surveys.")),
    ],
)
def test_what_changes_before_the_question_leaves_is_looked_at_again(
    surveys: Desk, happens: Callable[[Desk, Thread], None], expected: tuple[str, str]
) -> None:
    surveys.switch_on()
    thread = surveys.matter()
    surveys.resolve(thread)
    happens(surveys, thread)
    surveys.session.commit()
    surveys.let_pass(hours=25)
    surveys.work()
    assert surveys.outcomes() == [expected]
    assert surveys.questions() == []


def test_nobody_is_asked_who_was_not_answered(surveys: Desk) -> None:
    surveys.switch_on()
    surveys.resolve(surveys.matter(is_answered=False))
    assert surveys.outcomes() == [("withheld", "No agent answered.")]


def test_somebody_with_two_matters_on_two_addresses_is_asked_once_in_the_period(surveys: Desk) -> None:
    surveys.switch_on(min_days=30)
    for channel in (surveys.mail, surveys.mail):
        surveys.resolve(surveys.matter(channel))
    surveys.let_pass(hours=25)
    surveys.work()
    assert sorted(surveys.outcomes()) == [("sent", ""), ("withheld", "This customer already got a survey 0 days ago.")]
    surveys.let_pass(days=31)
    surveys.resolve(surveys.matter())
    assert surveys.rows()[-1].outcome is None


def test_the_question_follows_its_thread_into_a_merge(surveys: Desk) -> None:
    surveys.switch_on()
    kept, gone = surveys.matter(), surveys.matter()
    surveys.resolve(gone)
    surveys.resolve(kept)
    merge_threads(surveys.session, keep_id=kept.id, merge_id=gone.id, now=surveys.now)
    surveys.session.commit()
    assert {row.thread_id for row in surveys.rows()} == {kept.id}
    surveys.let_pass(hours=25)
    surveys.work()
    assert len(surveys.questions()) == 1


def test_it_is_reminded_of_once_and_not_after_an_answer(surveys: Desk) -> None:
    row = surveys.asked(reminder_days=4)
    surveys.let_pass(days=5)
    surveys.work()
    surveys.let_pass(days=5)
    surveys.work()
    first, second = surveys.questions()
    assert "enige herinnering" in second.text
    assert surveys.link(row) in first.text
    assert surveys.link(row) in second.text


def test_after_an_answer_nobody_is_reminded(surveys: Desk) -> None:
    row = surveys.asked(reminder_days=4)
    take_answer(surveys.session, row.id, Said(4), way=AnswerWay.PAGE, now=surveys.now)
    surveys.session.commit()
    surveys.let_pass(days=5)
    surveys.work()
    assert len(surveys.questions()) == 1


def test_hours_are_those_of_the_place_and_the_night_waits(surveys: Desk) -> None:
    survey = surveys.switch_on(from_hour=9, until_hour=20)
    kept = {
        "2026-03-28 21:30": "2026-03-29 09:00",
        "2026-03-29 02:30": "2026-03-29 09:00",
        "2026-03-29 12:00": "2026-03-29 12:00",
    }
    assert {text: within_hours(survey, local(text)) for text in kept} == {text: local(at) for text, at in kept.items()}


def test_a_bad_verdict_is_a_task_and_told_to_leads_once(surveys: Desk) -> None:
    row = surveys.asked()
    for score in (2, 1):
        take_answer(surveys.session, row.id, Said(score), way=AnswerWay.PAGE, now=surveys.now)
        surveys.let_pass(minutes=1)
    (task,) = surveys.tasks()
    assert (task.assignee_user_id, task.thread_id) == (surveys.lena.id, row.thread_id)
    assert task.title == "Pieter van Dam was disappointed (2 out of 5): get in touch"
    told = sa.select(Notification.user_id).where(Notification.kind == NotificationKind.VERDICT)
    assert surveys.session.execute(told).scalars().all() == [surveys.lena.id]


def test_a_good_score_that_solved_nothing_is_bad_too(surveys: Desk) -> None:
    row = surveys.asked()
    take_answer(surveys.session, row.id, Said(5, is_solved=False), way=AnswerWay.PAGE, now=surveys.now)
    assert len(surveys.tasks()) == 1


def test_a_campaign_asks_everybody_once(surveys: Desk) -> None:
    survey = surveys.switch_on(SurveyKind.NPS, min_days=90)
    anna = make_contact(surveys.session, "Anna", kind="email", value="anna@example.nl")
    for contact in (surveys.pieter, surveys.pieter, anna):
        surveys.resolve(surveys.matter(contact=contact))
    assert plan_campaign(surveys.session, survey, days=30, now=surveys.now) == 2
    assert plan_campaign(surveys.session, survey, days=30, now=surveys.now) == 0
    surveys.session.commit()
    surveys.let_pass(minutes=1)
    surveys.work()
    assert len(surveys.questions()) == 2
    assert surveys.questions()[0].text.count("score=") == 11


# A mere number in a chat


def write(desk: Desk, text: str) -> Message:
    """Pieter writes it in WhatsApp."""
    party = Party((Identity(IdentityKind.WA_ID, "31612345678"),), name="Pieter")
    said = InboundMessage(
        direction=Direction.INCOMING,
        external_id=f"wamid.{new_id()}",
        content_hash="",
        occurred_at=desk.now,
        sender=party,
        recipients=(),
        text=text,
        opens_window=True,
    )
    house = runtime()
    raw = RawEvent(source="whatsapp_cloud", dedupe_key=said.external_id, body=b"{}", channel_id=desk.chat.id)
    event_id = store_event(desk.session, raw)
    context = ApplyContext(channel=desk.chat, event_id=event_id, now=desk.now, storage=house.storage)
    found = apply_message(desk.session, said, context)
    desk.session.commit()
    return desk.session.get_one(Message, found.message_id)


def asked_by_chat(desk: Desk) -> Thread:
    desk.switch_on()
    desk.pieter = make_contact(desk.session, kind="wa_id", value="31612345678")
    thread = desk.matter(desk.chat)
    desk.resolve(thread)
    desk.let_pass(minutes=21)
    desk.work()
    desk.let_pass(minutes=1)
    return thread


def test_a_number_answers_where_it_was_asked_and_is_no_work(surveys: Desk) -> None:
    thread = asked_by_chat(surveys)
    (question,) = surveys.questions()
    assert question.text.splitlines()[0] == "Hoe tevreden bent u over hoe wij u hebben geholpen?"
    surveys.now += timedelta(minutes=5)
    message = write(surveys, "4")
    surveys.session.refresh(thread)
    assert (message.automatic, message.thread_id) == (Automatic.SURVEY.value, thread.id)
    assert (thread.is_open, thread.assignee_user_id, thread.response_due_at) == (False, None, None)
    assert thread.window_opened_at == surveys.now
    assert surveys.answers() == [(4, False)]
    write(surveys, choice_titles("nl")[0])
    assert surveys.answers() == [(5, False)]


def test_anything_else_is_a_question_and_the_survey_stays_open(surveys: Desk) -> None:
    thread = asked_by_chat(surveys)
    message = write(surveys, "Nog 4 vragen: kan het ook zaterdag?")
    surveys.session.refresh(thread)
    assert (message.automatic, thread.is_open) == (None, True)
    assert surveys.answers() == []


def test_a_number_two_days_later_is_a_message_like_any_other(surveys: Desk) -> None:
    thread = asked_by_chat(surveys)
    surveys.let_pass(hours=49)
    assert write(surveys, "4").automatic is None
    surveys.session.refresh(thread)
    assert thread.is_open


def test_what_counts_as_a_score() -> None:
    scores = {"1": 1, " 5 ": 5, "4/5": 4, "3.": 3, "④": 4, "★★★★": 4, "⭐⭐": 2, "5️⃣": 5}
    assert {text: read_score(text) for text in scores} == scores
    assert [read_score(title) for language in LANGUAGES for title in choice_titles(language)] == [5, 4, 3, 2, 1] * 3
    assert max(len(title) for language in LANGUAGES for title in choice_titles(language)) <= 24
    others = ("", "0", "6", "10", "45", "4 uur", "vier", "4?", "-4", "4/10", "★★★★★★", "٤", "1\n2")
    assert [text for text in others if read_score(text) is not None] == []
