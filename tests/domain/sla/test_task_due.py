"""A task that nobody gave a date is due by its priority, in open time; whoever made it, and never over what they said."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from app.domain.events.actions import SYSTEM, Actor, Subject, record
from app.domain.sla.actions import CalendarContent, create_calendar
from app.domain.sla.queries import list_calendars
from app.domain.sla.task_due import list_task_minutes, set_task_minutes
from app.domain.tasks.actions import TaskContent, create_task, edit_task
from app.domain.tasks.models import Task
from app.domain.threads.models import Priority
from tests.domain.sla.conftest import Desk, local

MINUTES = {Priority.NORMAL: 960, Priority.HIGH: 480, Priority.CRITICAL: 60}


@pytest.fixture
def timed(desk: Desk) -> Desk:
    """The desk opens from 9 to 17, and tasks have their times."""
    set_task_minutes(desk.session, MINUTES, now=desk.now, actor=SYSTEM)
    return desk


def content(desk: Desk, **values: object) -> TaskContent:
    return replace(TaskContent(desk.brand.id, "Bel de netbeheerder"), **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("priority", "due"),
    [
        (Priority.CRITICAL, "2026-03-04 11:00"),
        (Priority.HIGH, "2026-03-05 10:00"),
        (Priority.NORMAL, "2026-03-06 10:00"),
        (Priority.LOW, None),  # the house says nothing of it
    ],
)
def test_a_task_without_a_date_is_due_by_its_priority(timed: Desk, priority: Priority, due: str | None) -> None:
    task = create_task(timed.session, content(timed, priority=priority), now=timed.now, actor=timed.actor)
    assert task.due_at == (local(due) if due else None)


def test_what_somebody_said_stays_and_a_date_taken_away_is_gone(timed: Desk) -> None:
    said = content(timed, due_date=date(2026, 3, 30))
    task = create_task(timed.session, said, now=timed.now, actor=timed.actor)
    assert (task.due_date, task.due_time) == (date(2026, 3, 30), None)
    edit_task(timed.session, task.id, content(timed), now=timed.now, actor=timed.actor)
    assert task.due_at is None


def test_the_hours_of_the_brand_and_of_the_desk_of_the_thread_count(timed: Desk) -> None:
    rules = list_calendars(timed.session)[0].rules
    hours = {"brand_id": ((10 * 60, 12 * 60),), "channel_id": ((14 * 60, 16 * 60),)}
    for scope, spans in hours.items():
        scoped = {scope: timed.brand.id if scope == "brand_id" else timed.mail.id}
        week = rules.model_copy(update={"week": (spans,) * 5 + ((), ())})
        create_calendar(timed.session, CalendarContent(scope, week, **scoped), now=timed.now, actor=SYSTEM)
    alone = create_task(timed.session, content(timed, priority=Priority.CRITICAL), now=timed.now, actor=timed.actor)
    of_thread = content(timed, priority=Priority.CRITICAL, thread_id=timed.thread().id)
    beside = create_task(timed.session, of_thread, now=timed.now, actor=timed.actor)
    assert (alone.due_at, beside.due_at) == (local("2026-03-04 11:00"), local("2026-03-04 15:00"))


def test_a_task_that_a_rule_asks_for_is_due_as_well_on_the_clock_of_who_has_it(timed: Desk) -> None:
    timed.alice.timezone = "Atlantic/Canary"
    thread = timed.thread()
    asked = {"title": "Nabellen", "kind": "callback"}
    subject = Subject(brand_id=timed.brand.id, thread_id=thread.id)
    record(timed.session, "TaskAsked", subject=subject, now=timed.now, actor=Actor(timed.alice.id), payload={"task": asked})
    task = timed.session.execute(sa.select(Task)).scalar_one()
    assert (str(task.due_time), task.due_at) == ("09:00:00", local("2026-03-06 10:00"))


def test_an_escalation_asks_the_house_before_its_policy(timed: Desk) -> None:
    set_task_minutes(timed.session, {Priority.HIGH: 60}, now=timed.now, actor=SYSTEM)
    assert list_task_minutes(timed.session) == {Priority.HIGH: 60}
    thread = timed.thread()
    timed.ask(thread)
    timed.tick(timedelta(hours=5))
    task = timed.session.execute(sa.select(Task)).scalar_one()
    assert task.due_at == local("2026-03-04 16:00")
