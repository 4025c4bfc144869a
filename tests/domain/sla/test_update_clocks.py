"""Clocks of real threads: each event moves them, and what the thread's row says is right."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from app.core.db import Base
from app.domain.events.actions import record
from app.domain.sla.clock import ClockKind, Outcome
from app.domain.sla.models import SlaClock, SlaFact
from app.domain.tasks.actions import TaskContent, create_task, set_task_status
from app.domain.tasks.models import TaskStatus
from app.domain.threads.actions import change_priority, change_status, subject_of
from app.domain.threads.calls import Call, CallDirection, CallOutcome, log_call
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import MessageType, Priority, ThreadStatus
from app.domain.threads.snooze import snooze_thread
from app.domain.threads.spam import end_spam, mark_spam
from tests.domain.sla.conftest import Desk, local


def test_the_tables_are_as_the_models_say(app: Flask, connection: sa.Connection) -> None:
    ours = {"business_calendars", "calendar_versions", "sla_policies", "policy_versions", "sla_facts", "sla_clocks", "sla_steps"}

    def only_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in {*ours, "sla_recomputes"}

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours})
    assert compare_metadata(context, Base.metadata) == []


def test_a_mail_is_due_after_four_business_hours_and_a_chat_after_one(desk: Desk) -> None:
    mail, chat = desk.thread(), desk.thread(desk.chat, value="b@example.nl")
    desk.at("2026-03-04 15:00")
    desk.ask(mail)
    desk.ask(chat)
    assert desk.due(mail) == local("2026-03-05 11:00")
    assert desk.due(chat) == local("2026-03-04 16:00")


def test_what_presses_is_due_in_half_an_hour(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    desk.at("2026-03-04 11:00")
    change_status(desk.session, thread_id=thread.id, status=ThreadStatus.ESCALATED, actor=desk.actor, now=desk.now)
    assert desk.due(thread) == local("2026-03-04 11:30")
    desk.at("2026-03-04 11:05")
    change_status(desk.session, thread_id=thread.id, status=ThreadStatus.IN_PROGRESS, actor=desk.actor, now=desk.now)
    assert desk.due(thread) == local("2026-03-04 14:00")
    change_priority(desk.session, thread_id=thread.id, priority=Priority.URGENT, actor=desk.actor, now=desk.now)
    assert desk.due(thread) == local("2026-03-04 11:35")


def test_an_answer_ends_the_clock_and_the_next_question_begins_another(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    desk.at("2026-03-04 12:00")
    desk.answer(thread)
    assert desk.due(thread) is None
    assert (desk.clock(thread).outcome, desk.clock(thread).ended_at) == (Outcome.ANSWERED, desk.now)
    desk.at("2026-03-04 13:00")
    desk.ask(thread)
    assert desk.clock(thread, ClockKind.NEXT_RESPONSE).due_at == desk.due(thread) == local("2026-03-04 17:00")


@pytest.mark.parametrize("automatic", ["auto_reply", "bounce"])
def test_machines_start_no_clock(desk: Desk, automatic: str) -> None:
    thread = desk.thread()
    desk.ask(thread, automatic=automatic)
    assert desk.due(thread) is None
    assert desk.session.execute(sa.select(SlaFact)).first() is None


def test_history_that_comes_in_starts_no_clock(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread, occurred_at=desk.now - timedelta(days=4))
    assert desk.due(thread) is None


def test_a_mail_fetched_late_counts_from_its_own_time(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread, occurred_at=local("2026-03-04 09:00"))
    assert desk.due(thread) == local("2026-03-04 13:00")


def test_a_note_and_a_forward_are_no_answers(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    due = desk.due(thread)
    record(desk.session, "NoteAdded", subject=subject_of(thread), now=desk.now)
    desk.answer(thread, meta={"forward_of": "x"})
    change_status(desk.session, thread_id=thread.id, status=ThreadStatus.OPEN, actor=desk.actor, now=desk.now)
    assert desk.due(thread) == due is not None


def test_an_answer_from_elsewhere_counts_also_when_it_is_heard_first(desk: Desk) -> None:
    thread = desk.thread()
    desk.at("2026-03-04 10:20")
    desk.ask(thread, occurred_at=local("2026-03-04 10:15"), message_type=MessageType.OUTGOING)
    desk.ask(thread, occurred_at=local("2026-03-04 10:10"))
    assert desk.due(thread) is None
    assert desk.clock(thread).ended_at == local("2026-03-04 10:15")


def test_a_call_that_reached_the_customer_is_an_answer(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    call = Call(CallDirection.OUTGOING, CallOutcome.REACHED, desk.now)
    log_call(desk.session, thread_id=thread.id, call=call, callback=None, actor=desk.actor, author_name="Alice", now=desk.now)
    assert desk.due(thread) is None


def test_an_answer_that_failed_is_none_until_it_arrives(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    due = desk.due(thread)
    desk.at("2026-03-04 11:00")
    message = desk.answer(thread)
    for status, expected in (("failed", due), ("failed", due), ("delivered", None)):
        desk.now += timedelta(minutes=1)
        record(desk.session, "DeliveryChanged", subject=subject_of(thread, message), now=desk.now, payload={"status": status})
        assert desk.due(thread) == expected
    assert desk.clock(thread).ended_at == desk.now


def test_an_answer_that_was_taken_back_is_none(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    due = desk.due(thread)
    first, second = desk.answer(thread), desk.answer(thread)
    record(desk.session, "MessageTakenBack", subject=subject_of(thread, first), now=desk.now)
    assert second.id != first.id
    assert desk.due(thread) == due


def test_a_task_the_thread_waits_for_stops_the_clock(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    content = TaskContent(brand_id=desk.brand.id, title="Onderdeel", thread_id=thread.id, waiting_for="part")
    task = create_task(desk.session, content, now=desk.at("2026-03-04 11:00"), actor=desk.actor)
    assert (desk.due(thread), desk.clock(thread).paused_for) == (None, "task:part")
    set_task_status(desk.session, task.id, TaskStatus.COMPLETED, now=desk.at("2026-03-04 12:00"), actor=desk.actor)
    assert desk.due(thread) == local("2026-03-04 15:00")


def test_snoozing_stops_nothing_unless_the_policy_says_so(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    due = desk.due(thread)
    snooze_thread(desk.session, thread_id=thread.id, until=desk.now + timedelta(days=1), actor=desk.actor, now=desk.now)
    assert desk.due(thread) == due


def test_spam_has_no_clock_and_goes_on_when_it_is_none(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    mark_spam(desk.session, thread_id=thread.id, now=desk.now, actor=desk.actor)
    assert desk.due(thread) is None
    end_spam(desk.session, thread_id=thread.id, actor=desk.actor, now=desk.at("2026-03-04 11:00"))
    assert desk.due(thread) == local("2026-03-04 15:00")


def test_a_question_reopens_a_resolved_thread_with_a_clock_of_its_own(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    change_status(
        desk.session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=desk.actor, now=desk.at("2026-03-04 11:00")
    )
    assert (desk.due(thread), desk.clock(thread).outcome) == (None, Outcome.CLOSED)
    desk.at("2026-03-04 12:00")
    desk.ask(thread)
    assert desk.due(thread) == local("2026-03-04 16:00")


def test_a_reopening_by_a_late_fetched_mail_is_dated_as_the_mail(desk: Desk) -> None:
    thread = desk.thread()
    desk.ask(thread)
    change_status(
        desk.session, thread_id=thread.id, status=ThreadStatus.RESOLVED, actor=desk.actor, now=desk.at("2026-03-04 11:00")
    )
    desk.at("2026-03-04 12:00")
    desk.ask(thread, occurred_at=local("2026-03-04 11:30"))
    assert desk.due(thread) == local("2026-03-04 15:30")


def test_merged_threads_have_the_clocks_of_all_their_questions(desk: Desk) -> None:
    keep, gone = desk.thread(), desk.thread(value="b@example.nl")
    desk.ask(gone)
    desk.at("2026-03-04 11:00")
    desk.ask(keep)
    desk.answer(keep)
    desk.at("2026-03-04 12:00")
    merge_threads(desk.session, keep_id=keep.id, merge_id=gone.id, actor=desk.actor, now=desk.now)
    kinds = desk.session.execute(sa.select(SlaClock.kind, SlaClock.started_at).where(SlaClock.thread_id == keep.id)).all()
    assert (ClockKind.FIRST_RESPONSE, local("2026-03-04 10:00")) in [tuple(row) for row in kinds]
    assert desk.due(keep) is None
