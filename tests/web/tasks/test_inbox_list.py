"""The viewer's tasks in the list of the inbox."""

from __future__ import annotations

import re
from datetime import time, timedelta

import pytest
import sqlalchemy as sa

from app.core.clock import utc_now
from app.domain.tasks.models import TaskStatus
from tests.domain.tasks.conftest import Desk
from tests.support.desk import HTMX

TODAY = utc_now().date()
LIST = {**HTMX, "HX-Target": "thread-list"}
MORE = {**HTMX, "HX-Target": "list-more"}


def _titles(text: str) -> list[str]:
    return re.findall(r'<span class="thread-row__subject">(.*?)</span>', text)


def test_my_open_tasks_are_rows_by_when_they_are_due(desk: Desk) -> None:
    desk.make("Ooit")
    desk.make("Later", due_date=TODAY + timedelta(days=40))
    desk.make("Te laat", due_date=TODAY - timedelta(days=3), thread_id=desk.thread.id)
    desk.make("Van Bob", assignee_user_id=desk.bob.id)
    desk.make("Elders", brand_id=desk.other.id)
    text = desk.client.get("/inbox/tasks").text
    assert _titles(text) == ["Te laat", "Later", "Ooit"]
    assert "Pieter van Dam" in text
    assert f"/threads/{desk.thread.id}?view=tasks" in text


def test_overdue_has_those_whose_time_has_passed(desk: Desk) -> None:
    assert "Nothing is overdue" in desk.client.get("/inbox/overdue").text
    desk.make("Te laat", due_date=TODAY - timedelta(days=3), due_time=time(9))
    desk.make("Later", due_date=TODAY + timedelta(days=40))
    text = desk.client.get("/inbox/overdue").text
    assert _titles(text) == ["Te laat"]
    desk.make("Van Bob", due_date=TODAY - timedelta(days=4), due_time=time(9), assignee_user_id=desk.bob.id)
    desk.make("Elders", due_date=TODAY - timedelta(days=4), brand_id=desk.other.id)
    desk.thread.subject, desk.thread.response_due_at = "Laadpaal defect", utc_now() - timedelta(hours=2)
    desk.session.commit()
    text = desk.client.get("/inbox/overdue").text
    assert _titles(text) == ["Van Bob", "Te laat", "Laadpaal defect"], "threads and tasks of everybody, the latest last"
    assert '<span class="thread-row__status">Bob</span>' in text
    for due, shown in (("overdue", True), ("today", True), ("week", True)):
        assert ("Laadpaal defect" in _titles(desk.client.get(f"/inbox?due={due}").text)) is shown
    desk.thread.response_due_at = utc_now() + timedelta(days=3)
    desk.session.commit()
    found = {due: _titles(desk.client.get(f"/inbox?due={due}").text) for due in ("overdue", "today", "week")}
    assert found == {"overdue": [], "today": [], "week": ["Laadpaal defect"]}
    desk.thread.response_due_at = utc_now() - timedelta(hours=2)
    desk.session.commit()
    rail = " ".join(desk.client.get("/rail").text.split())
    assert '<span class="nav__label">Overdue</span><span class="nav__count nav__count--alarm">3</span>' in rail
    assert '<span class="nav__label">Tasks</span><span class="nav__count">2</span>' in rail


def test_pages_follow_one_another_without_gap_or_repeat(desk: Desk) -> None:
    made = [desk.make(f"Taak {n}", due_date=TODAY + timedelta(days=n // 4) if n < 40 else None).title for n in range(70)]
    text, seen = desk.client.get("/inbox/tasks", headers=LIST).text, []
    while True:
        seen += _titles(text)
        following = re.search(r'hx-get="(/inbox/tasks\?cursor=[^"]+)"', text)
        if following is None:
            break
        text = desk.client.get(following[1].replace("&amp;", "&"), headers=MORE).text
    assert seen == made


@pytest.mark.parametrize("cursor", ["nonsense", "WyJkdWVfYXQiLCJ4IiwiMCJd"])
def test_a_foreign_cursor_starts_from_the_top(desk: Desk, cursor: str) -> None:
    desk.make("Bellen")
    assert _titles(desk.client.get(f"/inbox/tasks?cursor={cursor}").text) == ["Bellen"]


def test_a_thread_opened_from_the_tasks_has_them_beside_it(desk: Desk) -> None:
    desk.make("Bellen", thread_id=desk.thread.id)
    text = desk.client.get(f"/threads/{desk.thread.id}?view=tasks").text
    assert _titles(text) == ["Bellen"]
    assert 'href="/inbox/tasks"' in text
    pane = desk.client.get(f"/threads/{desk.thread.id}?view=overdue", headers={**HTMX, "HX-Target": "thread-pane"})
    assert pane.status_code == 200


def test_a_task_without_a_thread_opens_itself(desk: Desk) -> None:
    task = desk.make("Bellen")
    assert f'href="/tasks/{task.id}"' in desk.client.get("/inbox/tasks").text


def test_a_task_is_completed_from_the_list(desk: Desk) -> None:
    task = desk.make("Bellen")
    answer = desk.post(f"/tasks/{task.id}/status?back=inbox", status="completed")
    assert answer.status_code == 303
    assert answer.location.endswith("/inbox/tasks")
    assert desk.read(task).status == TaskStatus.COMPLETED
    assert "Nothing to do" in desk.client.get("/inbox/tasks").text


@pytest.mark.parametrize(("path", "most"), [("/inbox/tasks", 4), ("/inbox/overdue", 6)])
def test_the_list_costs_few_queries(desk: Desk, path: str, most: int) -> None:
    for number in range(12):
        desk.make(f"Taak {number}", due_date=TODAY - timedelta(days=2), thread_id=desk.thread.id)
    desk.client.get(path)
    with desk.at_most(most):
        assert len(_titles(desk.client.get(path).text)) == 12


def test_the_rows_of_a_page_come_along_the_index(desk: Desk) -> None:
    # Without a sort, only an index that has the rows in this order will do, however few or many the tables of this process hold.
    desk.session.execute(sa.text("SET LOCAL enable_sort = off"))
    plan = desk.session.execute(
        sa.text(
            "EXPLAIN SELECT id FROM tasks WHERE assignee_user_id = :me AND status IN ('open', 'in_progress', 'waiting')"
            " ORDER BY due_at NULLS LAST, id LIMIT 31"
        ),
        {"me": desk.alice.id},
    ).scalars()
    assert "ix_tasks_open_assignee" in "\n".join(plan)
