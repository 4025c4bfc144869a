"""What happens to a thread becomes facts of reports, and what turns out otherwise takes them back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.domain.analytics.kinds import Kind, SubjectKind
from app.domain.analytics.models import ReportFact, ReportMark
from app.domain.analytics.settle import ask_for_rebuild, mark
from app.domain.events.actions import Actor, record
from app.domain.tasks.actions import TaskContent, create_task, set_task_status
from app.domain.tasks.models import TaskStatus
from app.domain.threads.actions import assign_thread, subject_of
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.spam import end_spam, mark_spam
from tests.domain.analytics.conftest import Reports
from tests.domain.sla.conftest import local


def test_a_first_answer_has_open_and_wall_time_and_who_wrote_it(reports: Reports) -> None:
    desk = reports.desk
    desk.at("2026-03-06 16:30")  # a Friday
    thread = desk.thread()
    desk.ask(thread)
    desk.at("2026-03-09 09:30")
    desk.answer(thread, sender_user_id=desk.bob.id)
    reports.settle()
    fact, scope = reports.fact(Kind.FIRST_RESPONSE)
    assert (fact.open_seconds, fact.wall_seconds) == (3600, 65 * 3600)
    assert (fact.local_day, fact.local_hour, scope.user_id) == (date(2026, 3, 9), 9, desk.bob.id)
    promise, _ = reports.fact(Kind.FIRST_PROMISE)
    assert promise.met
    received, _ = reports.fact(Kind.RECEIVED)
    assert received.local_day == date(2026, 3, 6)


def test_a_promise_is_missed_on_the_day_it_was_due_though_nothing_happens(reports: Reports) -> None:
    desk = reports.desk
    desk.at("2026-03-03 10:00")
    thread = desk.thread()
    desk.ask(thread)
    reports.settle()
    assert reports.facts(Kind.FIRST_PROMISE) == []
    desk.at("2026-03-05 10:00")
    reports.settle()
    fact, _ = reports.fact(Kind.FIRST_PROMISE)
    assert (fact.met, fact.at) == (False, local("2026-03-03 14:00"))
    desk.answer(thread)
    reports.settle()
    assert reports.fact(Kind.FIRST_PROMISE)[0].at == local("2026-03-03 14:00")
    assert reports.fact(Kind.FIRST_RESPONSE)[0].local_day == date(2026, 3, 5)


def test_credit_for_an_answer_stays_when_the_thread_is_given_to_somebody_else(reports: Reports) -> None:
    desk = reports.desk
    thread = desk.thread()
    reports.assign(thread, desk.alice)
    desk.ask(thread)
    desk.answer(thread)
    reports.resolve(thread)
    reports.settle()
    before = reports.everything()
    desk.now += timedelta(days=2)
    reports.assign(thread, desk.bob)
    reports.settle()
    assert [row for row in reports.everything() if row[0] != Kind.ASSIGNED] == [row for row in before if row[0] != Kind.ASSIGNED]


def test_an_answer_that_bounces_is_taken_back_on_the_old_day_and_an_old_number_still_opens(reports: Reports) -> None:
    desk = reports.desk
    desk.at("2026-03-03 10:00")
    thread = desk.thread()
    desk.ask(thread)
    desk.at("2026-03-03 11:00")
    message = desk.answer(thread)
    reports.settle()
    known_at = reports.fact(Kind.FIRST_RESPONSE)[0].recorded_at
    desk.at("2026-03-06 10:00")
    record(reports.session, "DeliveryChanged", subject=subject_of(thread, message), now=desk.now, payload={"status": "bounced"})
    reports.settle()
    assert reports.facts(Kind.FIRST_RESPONSE) == []
    assert [fact.met for fact, _scope in reports.facts(Kind.FIRST_PROMISE)] == [False]
    assert len(reports.facts(Kind.FIRST_RESPONSE, as_of=known_at)) == 1
    assert [fact.met for fact, _scope in reports.facts(Kind.FIRST_PROMISE, as_of=known_at)] == [True]


def test_thanks_after_a_closing_is_no_reopening_and_a_question_is_one(reports: Reports) -> None:
    desk = reports.desk
    thread = desk.thread()
    desk.ask(thread)
    desk.now += timedelta(minutes=30)
    desk.answer(thread)
    desk.now += timedelta(minutes=30)
    reports.resolve(thread)
    desk.now += timedelta(hours=1)
    desk.ask(thread, "Dank u!")
    desk.now += timedelta(minutes=1)
    reports.resolve(thread)
    reports.settle()
    assert reports.facts(Kind.REOPENED) == []
    assert reports.fact(Kind.ONE_TOUCH)[0].met
    desk.now += timedelta(hours=1)
    desk.ask(thread, "Toch niet")
    desk.now += timedelta(minutes=5)
    desk.answer(thread)
    reports.resolve(thread)
    reports.settle()
    assert len(reports.facts(Kind.REOPENED)) == 1
    assert not reports.fact(Kind.ONE_TOUCH)[0].met
    assert len(reports.facts(Kind.RESOLVED)) == 1


def test_each_matter_of_a_thread_has_its_closing(reports: Reports) -> None:
    desk = reports.desk
    thread = desk.thread()
    for who in (desk.alice, desk.bob, desk.bob):
        desk.ask(thread)
        desk.now += timedelta(hours=1)
        reports.resolve(thread, who)
        desk.now += timedelta(days=9)
    reports.settle()
    assert [scope.user_id for _fact, scope in reports.facts(Kind.CLOSING)] == [desk.alice.id, desk.bob.id, desk.bob.id]
    assert len(reports.facts(Kind.RESOLVED)) == 3
    assert reports.facts(Kind.REOPENED) == []


@pytest.mark.parametrize(("days", "met"), [(6, False), (8, True)])
def test_first_contact_is_known_after_seven_days(reports: Reports, days: int, met: bool) -> None:
    desk = reports.desk
    thread = desk.thread()
    desk.ask(thread)
    desk.now += timedelta(minutes=30)
    desk.answer(thread)
    reports.resolve(thread)
    reports.settle()
    assert reports.facts(Kind.FIRST_CONTACT) == []
    desk.now += timedelta(days=days)
    desk.ask(desk.thread())  # the same contact
    desk.now += timedelta(days=3)
    reports.settle()
    first = reports.facts(Kind.FIRST_CONTACT)[0][0]
    assert first.met is met


def test_spam_that_is_none_after_all_is_as_if_never_marked(reports: Reports) -> None:
    desk = reports.desk
    thread = desk.thread()
    desk.ask(thread)
    reports.settle()
    before = reports.everything()
    mark_spam(reports.session, thread_id=thread.id, now=desk.now, actor=desk.actor)
    reports.settle()
    assert reports.everything() == []
    end_spam(reports.session, thread_id=thread.id, now=desk.now, actor=desk.actor)
    reports.settle()
    assert reports.everything() == before


def test_a_merge_is_one_matter_and_its_undo_gives_back_what_was(reports: Reports) -> None:
    desk = reports.desk
    keep, gone = desk.thread(), desk.thread(desk.chat)
    for thread in (keep, gone):
        desk.ask(thread)
    desk.now += timedelta(minutes=10)
    desk.answer(gone)
    reports.settle()
    before = reports.everything()
    assert len(reports.facts(Kind.RECEIVED)) == 2
    merge_threads(reports.session, keep_id=keep.id, merge_id=gone.id, now=desk.now, actor=desk.actor)
    reports.settle()
    assert len(reports.facts(Kind.RECEIVED)) == 1
    assert {row[6] for row in reports.everything()} == {keep.id}
    undo_merge(reports.session, reports.session.execute(sa.select(ThreadMove)).scalar_one(), now=desk.now, actor=desk.actor)
    reports.settle()
    assert reports.everything() == before


def test_machines_neither_ask_nor_answer(reports: Reports) -> None:
    desk = reports.desk
    desk.ask(desk.thread(), automatic="auto-replied")
    reports.settle()
    assert reports.everything() == []


def test_hours_are_those_of_the_brand_also_when_the_clock_changes(reports: Reports) -> None:
    desk = reports.desk
    for text in ("2026-03-28 23:59:59", "2026-03-29 00:00", "2026-10-25 00:30"):
        desk.at(text)
        desk.ask(desk.thread())
    reports.settle()
    found = [(fact.local_day.isoformat(), fact.local_hour) for fact, _scope in reports.facts(Kind.RECEIVED)]
    assert found == [("2026-03-28", 23), ("2026-03-29", 0), ("2026-10-25", 0)]


def test_a_task_is_late_on_the_day_it_was_due(reports: Reports) -> None:
    desk = reports.desk
    desk.at("2026-03-03 10:00")
    content = TaskContent(brand_id=desk.brand.id, title="Terugbellen", due_date=date(2026, 3, 3), assignee_user_id=desk.bob.id)
    task = create_task(reports.session, content, now=desk.now, actor=desk.actor)
    reports.settle()
    assert reports.facts(Kind.TASK) == []
    desk.at("2026-03-04 10:00")
    reports.settle()
    fact, scope = reports.fact(Kind.TASK)
    assert (fact.met, fact.local_day, scope.user_id) == (False, date(2026, 3, 3), desk.bob.id)
    set_task_status(reports.session, task.id, TaskStatus.CANCELLED, now=desk.now, actor=desk.actor)
    reports.settle()
    assert reports.facts(Kind.TASK) == []


def test_everything_made_anew_is_the_same(reports: Reports) -> None:
    desk = reports.desk
    for number in range(5):
        thread = desk.thread()
        desk.ask(thread)
        desk.now += timedelta(minutes=20 * number)
        desk.answer(thread)
        if number % 2:
            reports.resolve(thread)
    reports.settle()
    before = reports.session.execute(sa.select(ReportFact.id).order_by(ReportFact.id)).scalars().all()
    ask_for_rebuild(reports.session, now=desk.now)
    mark(reports.session, SubjectKind.THREAD, [thread.id, thread.id])
    reports.settle()
    assert reports.session.execute(sa.select(ReportFact.id).order_by(ReportFact.id)).scalars().all() == before
    assert reports.session.execute(sa.select(ReportMark.id)).all() == []


def test_an_assignment_by_a_rule_counts_as_right_until_a_person_moves_it(reports: Reports) -> None:
    desk = reports.desk
    thread = desk.thread()
    desk.ask(thread)
    by_rule = Actor(by={"kind": "routing", "rule_id": "1", "name": "Mail"})
    assign_thread(reports.session, thread_id=thread.id, assignee_user_id=desk.alice.id, actor=by_rule, now=desk.now)
    reports.settle()
    assert reports.fact(Kind.ASSIGNED)[0].met
    assert reports.facts(Kind.ROUTED) == []
    desk.now += timedelta(hours=1)
    reports.assign(thread, desk.bob)
    reports.settle()
    assert not reports.fact(Kind.ROUTED)[0].met
