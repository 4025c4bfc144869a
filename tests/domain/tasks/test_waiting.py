"""Threads that wait for a task, and tasks that wait for one another."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.tasks.actions import set_task_status
from app.domain.tasks.models import Task, TaskStatus
from app.domain.threads.actions import change_status
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.reads import mark_read
from app.domain.threads.snooze import snooze_thread
from tests.domain.tasks.conftest import Desk
from tests.factories import make_message, make_thread
from tests.support.desk import HTMX

ROW = "thread-row__waiting"


def _thread(desk: Desk) -> Thread:
    return desk.session.get_one(Thread, desk.thread.id, populate_existing=True)


def _blocking(desk: Desk, waiting_for: str = "part", title: str = "Onderdeel bestellen") -> Task:
    desk.post("/tasks", title=title, thread_id=desk.thread.id, waiting_for=waiting_for, back="thread")
    return desk.session.execute(sa.select(Task).where(Task.title == title)).scalar_one()


def _set(desk: Desk, task: Task, status: TaskStatus) -> None:
    set_task_status(desk.session, task.id, status, now=utc_now(), actor=Actor(desk.alice.id))
    desk.session.commit()


def _waits(desk: Desk) -> list[tuple[str, str]]:
    query = sa.select(Event).where(Event.type.like("Wait%")).order_by(Event.id)
    return [(event.type, event.payload["for"]) for event in desk.session.execute(query).scalars()]


def test_a_thread_says_what_it_waits_for_until_the_task_is_done(desk: Desk) -> None:
    make_message(desk.session, desk.thread, at=utc_now())
    task = _blocking(desk)
    assert _thread(desk).waiting_for == "part"
    assert ROW in desk.client.get("/inbox").text
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Waiting for: part" in page
    assert "Alice set this thread to wait for part" in page
    _set(desk, task, TaskStatus.COMPLETED)
    assert _thread(desk).waiting_for is None
    assert ROW not in desk.client.get("/inbox").text
    assert "This thread no longer waits for part" in desk.client.get(f"/threads/{desk.thread.id}").text
    assert _waits(desk) == [("WaitBegan", "part"), ("WaitEnded", "part")]


def test_the_last_task_brings_the_thread_back_on_top_and_unread(desk: Desk) -> None:
    message = make_message(desk.session, desk.thread, at=utc_now() - timedelta(days=2))
    first, second = _blocking(desk), _blocking(desk, "approval", "Akkoord vragen")
    actor, now = Actor(desk.alice.id), utc_now()
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.WAITING_INTERNAL, actor=actor, now=now)
    snooze_thread(desk.session, thread_id=desk.thread.id, until=now + timedelta(days=3), actor=actor, now=now)
    mark_read(desk.session, user_id=desk.bob.id, thread_id=desk.thread.id, seen_seq=message.seq, now=now)
    assert _thread(desk).waiting_for == "part, approval"
    _set(desk, first, TaskStatus.COMPLETED)
    assert (_thread(desk).waiting_for, _thread(desk).status) == ("approval", ThreadStatus.WAITING_INTERNAL)
    _set(desk, second, TaskStatus.COMPLETED)
    thread = _thread(desk)
    assert (thread.waiting_for, thread.status, thread.snoozed_until) == (None, ThreadStatus.OPEN, None)
    assert thread.last_message_at >= now
    desk.as_user(desk.bob)
    assert "thread-row--unread" in desk.client.get("/inbox").text


def test_cancelling_ends_the_wait_and_leaves_the_thread_where_it_is(desk: Desk) -> None:
    make_message(desk.session, desk.thread, at=utc_now())
    task = _blocking(desk)
    change_status(
        desk.session, thread_id=desk.thread.id, status=ThreadStatus.WAITING_INTERNAL, actor=Actor(desk.alice.id), now=utc_now()
    )
    _set(desk, task, TaskStatus.CANCELLED)
    assert (_thread(desk).waiting_for, _thread(desk).status) == (None, ThreadStatus.WAITING_INTERNAL)


def test_a_closed_thread_stays_closed_and_shows_nothing(desk: Desk) -> None:
    task = _blocking(desk)
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.RESOLVED, actor=Actor(desk.alice.id), now=utc_now())
    desk.session.commit()
    assert ROW not in desk.client.get("/inbox/resolved").text
    _set(desk, task, TaskStatus.COMPLETED)
    assert _thread(desk).status == ThreadStatus.RESOLVED


def test_reopening_a_task_lets_the_thread_wait_again(desk: Desk) -> None:
    task = _blocking(desk)
    _set(desk, task, TaskStatus.COMPLETED)
    _set(desk, task, TaskStatus.OPEN)
    assert _thread(desk).waiting_for == "part"


def test_what_is_waited_for_is_edited(desk: Desk) -> None:
    task = _blocking(desk)
    desk.post(f"/tasks/{task.id}", title=task.title, waiting_for="  the   kabel ")
    assert _thread(desk).waiting_for == "the kabel"
    desk.post(f"/tasks/{task.id}", title=task.title, waiting_for="")
    assert _thread(desk).waiting_for is None
    answer = desk.post(f"/tasks/{task.id}", title=task.title, waiting_for="x" * 61)
    assert answer.status_code == 422
    assert "Use at most 60 characters." in answer.text


def test_the_next_of_a_recurring_task_blocks_nothing(desk: Desk) -> None:
    task = _blocking(desk)
    desk.post(f"/tasks/{task.id}", title=task.title, waiting_for="part", due_date="2027-01-01", recurrence="weekly")
    _set(desk, task, TaskStatus.COMPLETED)
    assert _thread(desk).waiting_for is None


def test_a_merged_thread_waits_and_its_undo_takes_that_back(desk: Desk) -> None:
    make_message(desk.session, desk.thread, at=utc_now())
    _blocking(desk)
    channel = desk.session.get_one(Channel, desk.thread.channel_id)
    other = make_thread(desk.session, channel, desk.session.get_one(Contact, desk.thread.contact_id), at=utc_now())
    make_message(desk.session, other, at=utc_now())
    actor = Actor(desk.alice.id)
    merge_threads(desk.session, keep_id=other.id, merge_id=desk.thread.id, now=utc_now(), actor=actor)
    assert desk.session.get_one(Thread, other.id, populate_existing=True).waiting_for == "part"
    undo_merge(desk.session, desk.session.execute(sa.select(ThreadMove)).scalar_one(), now=utc_now(), actor=actor)
    assert desk.session.get_one(Thread, other.id, populate_existing=True).waiting_for is None
    assert _thread(desk).waiting_for == "part"


@pytest.mark.parametrize("path", ["/tasks", "/tasks/board"])
def test_a_task_that_waits_for_another_says_so(desk: Desk, path: str) -> None:
    first, second = desk.make("Onderdeel bestellen"), desk.make("Onderdeel inbouwen")
    assert desk.post(f"/tasks/{second.id}", title=second.title, assignee=desk.alice.id, depends_on=first.id).status_code == 303
    assert desk.read(second).depends_on_id == first.id
    assert "Waiting for: Onderdeel bestellen" in desk.client.get(path).text
    _set(desk, first, TaskStatus.COMPLETED)
    assert "Waiting for: Onderdeel bestellen" not in desk.client.get(path).text


def test_completing_before_what_it_waits_for_is_possible_and_said(desk: Desk) -> None:
    first, second = desk.make("Onderdeel bestellen"), desk.make("Onderdeel inbouwen")
    desk.post(f"/tasks/{second.id}", title=second.title, depends_on=first.id)
    answer = desk.post(f"/tasks/{second.id}/status", status="completed", headers=HTMX)
    assert (
        json.loads(answer.headers["HX-Trigger"])["toast"]["text"]
        == "Completed, although “Onderdeel bestellen” should have come first and is still open"
    )
    assert desk.read(second).status == TaskStatus.COMPLETED


def test_tasks_never_wait_for_one_another_in_a_circle(desk: Desk) -> None:
    first, second, third = desk.make("Een"), desk.make("Twee"), desk.make("Drie")
    desk.post(f"/tasks/{second.id}", title="Twee", depends_on=first.id)
    desk.post(f"/tasks/{third.id}", title="Drie", depends_on=second.id)
    for other in (first, second, third):
        answer = desk.post(f"/tasks/{first.id}", title="Een", depends_on=other.id)
        assert answer.status_code == 422
        assert "Choose an open task" in answer.text
    assert desk.read(first).depends_on_id is None


def test_a_task_does_not_wait_for_one_of_another_brand(desk: Desk) -> None:
    foreign, mine = desk.make("Vreemd", brand_id=desk.other.id), desk.make("Van ons")
    assert "Vreemd" not in desk.client.get(f"/tasks/{mine.id}").text
    assert desk.post(f"/tasks/{mine.id}", title="Van ons", depends_on=foreign.id).status_code == 422
