"""One's own tasks among the threads of a list: in the order of what is due, page by page, and only where they are wanted."""

from __future__ import annotations

import random
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core.ids import new_id
from app.domain.connections.models import Channel
from app.domain.tasks.models import Task, TaskStatus
from app.domain.threads.models import Priority, Thread
from app.domain.threads.view_models import SavedView
from tests.domain.tasks.conftest import Desk, desk
from tests.factories import make_contact, make_message, make_thread
from tests.support.queries import counted_queries
from tests.web.tasks.test_inbox_list import LIST, MORE

__all__ = ["desk"]

SOON = datetime(2031, 5, 1, 9, 0, tzinfo=UTC)
MIXED = "/inbox?sort=due&tasks=mine"


def rows(text: str) -> list[str]:
    """The ids of the rows, in order."""
    return re.findall(r'<li id="row-([0-9a-f-]+)"', text)


def places(text: str) -> list[str]:
    return re.findall(r'<li id="row-[0-9a-f-]+" data-at="([^"]+)"', text)


def add_thread(desk: Desk, *, due: datetime | None, at: datetime, **values: object) -> str:
    channel = desk.session.get_one(Channel, desk.thread.channel_id)
    thread = make_thread(desk.session, channel, make_contact(desk.session, value=f"3161{new_id().int % 10**7:07}"), at=at)
    make_message(desk.session, thread, "Vraag", at=at)
    thread.response_due_at = due
    for name, value in values.items():
        setattr(thread, name, value)
    desk.session.commit()
    return str(thread.id)


def add_task(desk: Desk, *, due: datetime | None, **values: object) -> str:
    task = desk.make("Bellen", **values)
    at = {"due_at": due, "due_date": due.date() if due else None}
    desk.session.execute(sa.update(Task).where(Task.id == task.id).values(at))
    desk.session.commit()
    return str(task.id)


def test_tasks_stand_at_their_time_and_only_where_they_are_wanted(desk: Desk) -> None:
    desk.session.execute(sa.update(Thread).values(response_due_at=SOON))
    desk.session.commit()
    first, last = add_task(desk, due=SOON - timedelta(hours=1)), add_task(desk, due=None)
    same = add_task(desk, due=SOON)
    later, never = add_thread(desk, due=SOON + timedelta(days=1), at=SOON), add_thread(desk, due=None, at=SOON)
    others = add_task(desk, due=SOON, assignee_user_id=desk.bob.id), add_task(desk, due=SOON, brand_id=desk.other.id)
    done = add_task(desk, due=SOON)
    desk.session.execute(sa.update(Task).where(Task.id == uuid.UUID(done)).values(status=TaskStatus.CANCELLED))
    desk.session.commit()
    text = desk.client.get(MIXED).text
    assert rows(text) == [first, same, str(desk.thread.id), later, last, never]
    assert places(text) == sorted(places(text)), "the browser puts rows in the same order"
    assert set(others).isdisjoint(rows(text))
    assert "With my tasks" in text
    for path in (
        "/inbox",
        "/inbox?sort=due",
        "/inbox?sort=newest&tasks=mine",
        "/inbox?sort=oldest&tasks=mine",
        "/inbox?sort=due&tasks=x",
    ):
        assert len(rows(desk.client.get(path).text)) == 3, path
    everybodys = rows(desk.client.get("/inbox?sort=due&tasks=all").text)
    assert set(everybodys) == {*rows(text), others[0]}, "and a colleague's, but none of a brand one may not see"


@pytest.mark.parametrize("seed", range(2))
def test_pages_follow_one_another_without_gap_or_repeat_in_one_order(desk: Desk, seed: int) -> None:
    dice = random.Random(seed)

    def due() -> datetime | None:
        return SOON + timedelta(minutes=dice.randrange(5)) if dice.random() < 0.7 else None

    made = [str(desk.thread.id)]
    for _n in range(75):
        at = SOON - timedelta(minutes=dice.randrange(3))
        made.append(add_thread(desk, due=due(), at=at) if dice.random() < 0.5 else add_task(desk, due=due()))
    text, seen, passed = desk.client.get(MIXED, headers=LIST).text, [], []
    while True:
        assert len(rows(text)) <= 30
        seen += rows(text)
        passed += places(text)
        following = re.search(r'hx-get="(/inbox\?[^"]*cursor=[^"]+)"', text)
        if following is None:
            break
        text = desk.client.get(following[1].replace("&amp;", "&"), headers=MORE).text
    assert sorted(seen) == sorted(made)
    assert passed == sorted(passed)


def test_what_comes_meanwhile_moves_no_page(desk: Desk) -> None:
    made = [add_task(desk, due=SOON + timedelta(minutes=n)) for n in range(40)]
    text = desk.client.get(MIXED, headers=LIST).text
    following = re.search(r'hx-get="(/inbox\?[^"]*cursor=[^"]+)"', text)
    assert following is not None
    add_task(desk, due=SOON - timedelta(days=1))
    add_thread(desk, due=SOON - timedelta(days=1), at=SOON)
    rest = desk.client.get(following[1].replace("&amp;", "&"), headers=MORE).text
    assert rows(text)[:30] == made[:30]
    assert rows(rest) == [*made[30:], str(desk.thread.id)]


def test_priority_and_brand_narrow_the_tasks_as_well(desk: Desk) -> None:
    urgent = add_task(desk, due=SOON, priority=Priority.URGENT)
    add_task(desk, due=SOON)
    assert rows(desk.client.get(f"{MIXED}&priority=urgent").text) == [urgent]
    assert rows(desk.client.get(f"{MIXED}&brand={desk.other.id}").text) == []
    assert len(rows(desk.client.get(f"{MIXED}&brand={desk.brand.id}").text)) == 3


def test_the_switch_is_kept_with_a_view_and_taken_away_again(desk: Desk) -> None:
    task = add_task(desk, due=SOON)
    assert desk.client.get("/inbox").text.count('href="/inbox?tasks=mine&amp;sort=due"') == 1
    saved = desk.post("/inbox/views?sort=due&tasks=mine", name="Vandaag", **{"for": "private"})
    view = desk.session.execute(sa.select(SavedView)).scalar_one()
    assert view.filters == {"view": "open", "tasks": "mine"}
    here = saved.location
    assert task in rows(desk.client.get(here).text)
    assert "with my tasks" in desk.client.get("/inbox/views").text
    without = f"{here}?tasks="
    assert f'href="{without}"' in desk.client.get(here).text
    assert task not in rows(desk.client.get(without).text)
    assert f'href="{here}"' in desk.client.get(without).text
    assert task not in rows(desk.client.get(f"{here}?sort=newest").text)
    desk.post(f"{here}/filters?sort=newest")
    desk.session.refresh(view)
    assert view.filters == {"view": "open"}


def test_bulk_changes_are_for_threads_alone(desk: Desk) -> None:
    add_task(desk, due=SOON)
    text = desk.client.get(MIXED).text
    assert text.count('name="thread" value=') == 1
    assert desk.client.plain.get("/bulk/count?sort=due&tasks=mine").json["count"] == 1  # type: ignore[index]


def test_a_thread_and_its_task_are_not_both_the_open_one(desk: Desk) -> None:
    desk.make("Bellen", thread_id=desk.thread.id)
    beside = desk.client.get(f"/threads/{desk.thread.id}?sort=due&tasks=mine").text
    shown = beside.split("data-rows")[1].split("</ol>")[0]
    assert len(rows(beside)) == 2
    assert shown.count('aria-current="true"') == 1


def test_a_list_without_tasks_asks_no_more_than_before_and_one_with_them_two_queries_more(app: Flask, desk: Desk) -> None:
    add_task(desk, due=SOON)
    counts = []
    for path in ("/inbox?sort=due", MIXED):
        desk.client.get(path)
        with counted_queries(app) as queries:
            desk.client.get(path)
        counts.append(len(queries))
        assert any("tasks.title" in query for query in queries) == (path == MIXED)
    assert counts[1] == counts[0] + 2


@pytest.mark.parametrize("cursor", ["nonsense", "WyJkdWVfYXQiLCJ4IiwiMCJd"])
def test_a_foreign_cursor_starts_from_the_top(desk: Desk, cursor: str) -> None:
    task = add_task(desk, due=SOON)
    assert rows(desk.client.get(f"{MIXED}&cursor={cursor}").text)[0] == task


@pytest.mark.parametrize("kind", ["tasks", "threads"])
def test_a_full_page_of_one_kind_goes_on(desk: Desk, kind: str) -> None:
    desk.thread.response_due_at = SOON
    made = [
        add_task(desk, due=SOON, priority=Priority.URGENT) if kind == "tasks" else add_thread(desk, due=SOON, at=SOON)
        for _n in range(31)
    ]
    path = f"{MIXED}&priority=urgent" if kind == "tasks" else MIXED
    text = desk.client.get(path).text
    assert len(rows(text)) == 30
    following = re.search(r'hx-get="(/inbox\?[^"]*cursor=[^"]+)"', text)
    assert following is not None
    rest = rows(desk.client.get(following[1].replace("&amp;", "&"), headers=MORE).text)
    assert {*rows(text), *rest} >= set(made)
