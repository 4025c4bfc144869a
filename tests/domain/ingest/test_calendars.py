"""Events in a mailbox's calendar are follow-up tasks, once each, and go where the event goes."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.ingest.calendars import read_calendar, read_calendars
from app.domain.tasks.actions import set_task_status
from app.domain.tasks.models import Task, TaskStatus, TaskType
from tests.domain.ingest.mailbox_world import MAILBOX, MailboxWorld

WINTER = f"{utc_now().year + 1}-01-15"


@pytest.fixture
def calendar(followed: MailboxWorld) -> MailboxWorld:
    followed.session.execute(sa.update(Channel).values(settings=Channel.settings.concat({"calendar": "on"})))
    followed.session.commit()
    followed.session.expire_all()
    return followed


def event(world: MailboxWorld, start: str, **more: Any) -> str:
    order = {"mailbox": MAILBOX, "subject": "Schouw bij Jan", "start": start, **more}
    return str(world.simulator.control("POST", "calendar", order)["id"])


def tasks(world: MailboxWorld) -> list[Task]:
    read_calendars()
    world.session.expire_all()
    return list(world.session.execute(sa.select(Task).order_by(Task.title)).scalars())


def test_an_event_to_come_is_one_task_that_moves_and_ends_with_it(calendar: MailboxWorld) -> None:
    key = event(calendar, f"{WINTER}T09:00:00", place="Utrecht")
    (task,) = tasks(calendar)
    assert (task.title, task.task_type, task.due_time, task.notes) == (
        "Schouw bij Jan",
        TaskType.FOLLOW_UP,
        time(10),
        "Utrecht",
    )
    event(calendar, f"{WINTER}T13:30:00", id=key, subject="Schouw bij Jan en Riet")
    (task,) = tasks(calendar)
    assert (task.title, task.due_time) == ("Schouw bij Jan en Riet", time(14, 30))
    event(calendar, f"{WINTER}T13:30:00", id=key, cancelled=True)
    assert [one.status for one in tasks(calendar)] == [TaskStatus.CANCELLED]


def test_an_event_that_was_removed_or_is_past_leaves_no_work(calendar: MailboxWorld) -> None:
    key = event(calendar, f"{WINTER}T09:00:00", all_day=True)
    event(calendar, f"{utc_now() - timedelta(days=2):%Y-%m-%dT%H:%M:%S}", subject="Geweest")
    (task,) = tasks(calendar)
    assert (task.due_date, task.due_time) == (date.fromisoformat(WINTER), None)
    event(calendar, "", id=key, remove=True)
    assert [one.status for one in tasks(calendar)] == [TaskStatus.CANCELLED]


def test_what_somebody_finished_stays_finished_and_a_lost_link_makes_nothing_twice(calendar: MailboxWorld) -> None:
    key = event(calendar, f"{WINTER}T09:00:00")
    (task,) = tasks(calendar)
    with transaction() as session:
        set_task_status(session, task.id, TaskStatus.COMPLETED, now=utc_now(), actor=SYSTEM)
    lost = {"link": f"{calendar.simulator.url}/v1.0/users/{MAILBOX}/calendarView/delta?$deltatoken=lost"}
    lost["from"] = utc_now().isoformat()
    calendar.session.execute(sa.update(Channel).values(calendar_state=lost))
    calendar.session.commit()
    event(calendar, f"{WINTER}T15:00:00", id=key, subject="Verzet")
    assert [(one.title, one.status) for one in tasks(calendar)] == [("Schouw bij Jan", TaskStatus.COMPLETED)]


def test_a_worker_that_read_the_same_news_later_writes_nothing(calendar: MailboxWorld) -> None:
    with transaction() as session:
        stale = session.get_one(Channel, calendar.channel.id, populate_existing=True)
        session.expunge(stale)
    event(calendar, f"{WINTER}T09:00:00")
    assert len(tasks(calendar)) == 1
    assert read_calendar(stale) == 0
    assert len(tasks(calendar)) == 1


def test_a_calendar_nobody_asked_for_is_left_alone(followed: MailboxWorld) -> None:
    event(followed, f"{datetime.fromisoformat(WINTER):%Y-%m-%d}T09:00:00")
    assert tasks(followed) == []
