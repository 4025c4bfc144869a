"""When tasks are due, when their next ones are, and when they remind."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.events.actions import Actor
from app.domain.events.models import AuditEntry
from app.domain.tasks.actions import remind_due_tasks, set_task_status
from app.domain.tasks.due import due_instant, next_due_date, reminder_instant
from app.domain.tasks.models import Recurrence, Task, TaskStatus
from tests.domain.tasks.conftest import Desk

ZONE = "Europe/Amsterdam"


def test_a_day_without_a_time_ends_at_midnight_of_the_zone() -> None:
    assert due_instant(date(2026, 7, 1), None, ZONE) == datetime(2026, 7, 1, 22, tzinfo=UTC)
    assert due_instant(date(2026, 12, 1), time(14, 30), ZONE) == datetime(2026, 12, 1, 13, 30, tzinfo=UTC)


def test_a_reminder_counts_from_the_time_or_the_morning() -> None:
    assert reminder_instant(date(2026, 12, 1), None, ZONE, 60) == datetime(2026, 12, 1, 7, tzinfo=UTC)
    assert reminder_instant(date(2026, 12, 1), time(14), ZONE, 15) == datetime(2026, 12, 1, 12, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "recurrence", "after", "expected"),
    [
        (date(2026, 1, 31), Recurrence.MONTHLY, date(2026, 1, 31), date(2026, 2, 28)),
        (date(2026, 1, 31), Recurrence.MONTHLY, date(2026, 3, 5), date(2026, 3, 31)),
        (date(2026, 12, 15), Recurrence.MONTHLY, date(2026, 12, 15), date(2027, 1, 15)),
        (date(2026, 11, 2), Recurrence.WEEKLY, date(2026, 11, 20), date(2026, 11, 23)),
        (date(2026, 11, 2), Recurrence.DAILY, date(2026, 11, 20), date(2026, 11, 21)),
    ],
    ids=["short month", "a month missed", "over new year", "weeks missed", "days missed"],
)
def test_the_next_date_is_the_first_one_ahead(start: date, recurrence: Recurrence, after: date, expected: date) -> None:
    assert next_due_date(start, recurrence, after=after) == expected


def test_completing_a_recurring_task_makes_the_next_one_once(desk: Desk) -> None:
    today = utc_now().date()
    task, actor = desk.make(due_date=today, recurrence=Recurrence.WEEKLY), Actor(desk.alice.id)

    def move(status: TaskStatus) -> None:
        set_task_status(desk.session, task.id, status, now=utc_now(), actor=actor)

    def followers() -> list[Task]:
        return list(desk.session.execute(sa.select(Task).where(Task.follows_id == task.id)).scalars())

    move(TaskStatus.COMPLETED)
    [follower] = followers()
    assert (follower.due_date, follower.status) == (today + timedelta(days=7), TaskStatus.OPEN)
    move(TaskStatus.OPEN)
    assert [found.status for found in followers()] == [TaskStatus.CANCELLED]
    move(TaskStatus.COMPLETED)
    assert [found.status for found in followers()] == [TaskStatus.OPEN]


def test_a_due_reminder_is_given_once_and_not_for_what_is_done(desk: Desk) -> None:
    yesterday = utc_now().date() - timedelta(days=1)
    due = desk.make("Bellen", due_date=yesterday, reminder_minutes=0)
    done = desk.make("Klaar", due_date=yesterday, reminder_minutes=0)
    desk.make("Later", due_date=yesterday + timedelta(days=30), reminder_minutes=0)
    set_task_status(desk.session, done.id, TaskStatus.COMPLETED, now=utc_now(), actor=Actor(desk.alice.id))
    assert remind_due_tasks(desk.session, now=utc_now(), limit=10) == 2
    assert remind_due_tasks(desk.session, now=utc_now(), limit=10) == 0
    assert desk.events().count("TaskReminded") == 1
    desk.session.commit()
    assert desk.read(due).reminded_at is not None
    assert desk.client.get(f"/tasks/{due.id}/reminder").status_code == 204


def test_what_people_do_to_a_task_is_audited(desk: Desk) -> None:
    task = desk.make()
    query = sa.select(AuditEntry.action, AuditEntry.object_type).where(AuditEntry.object_id == str(task.id))
    assert [tuple(row) for row in desk.session.execute(query)] == [("TaskCreated", "task")]
