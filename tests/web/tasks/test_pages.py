"""The pages of tasks: what is due when, adding, completing, editing, and who sees what."""

from __future__ import annotations

import json
import re
from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.core.clock import utc_now
from app.domain.tasks.models import Recurrence, TaskStatus, TaskType
from app.domain.threads.models import Priority
from app.web.tasks.pages import DAY_COUNTED, DAY_SHOWN
from tests.domain.tasks.conftest import Desk
from tests.support.desk import HTMX
from tests.support.signing_in import csrf_token


def test_an_empty_list_says_how_to_fill_it(desk: Desk) -> None:
    assert "Nothing to do" in desk.client.get("/tasks").text
    assert "No open tasks" in desk.client.get("/tasks?who=all").text
    assert "No task matches" in desk.client.get("/tasks?type=callback").text


def test_tasks_stand_below_the_day_they_are_due(desk: Desk) -> None:
    today = utc_now().date()
    for title, days in (("Te laat", -3), ("Later dit jaar", 40)):
        desk.make(title, due_date=today + timedelta(days=days))
    desk.make("Ooit")
    text = desk.client.get("/tasks").text
    places = [text.index(words) for words in ("Overdue", "Te laat", "Later dit jaar", "No date", "Ooit")]
    assert places == sorted(places)


@pytest.mark.parametrize("path", ["/tasks", "/tasks/board", "/tasks/calendar"])
def test_a_page_of_many_tasks_costs_few_queries(desk: Desk, path: str) -> None:
    today = utc_now().astimezone(ZoneInfo(desk.alice.timezone)).date()  # the calendar shows the month of hers
    for number in range(12):
        desk.make(f"Taak {number}", due_date=today, thread_id=desk.thread.id)
    desk.client.get(path)
    with desk.at_most(8):
        assert "Taak 11" in desk.client.get(path).text


def test_a_long_list_shows_what_is_due_first_and_more_when_asked(desk: Desk) -> None:
    for number in range(32):
        desk.make(f"Taak {number:02}", due_date=utc_now().date() + timedelta(days=number))
    page = desk.client.get("/tasks").text
    assert "Taak 29" in page
    assert "Taak 30" not in page
    assert 'href="/tasks?more=1"' in page
    assert "Taak 31" in desk.client.get("/tasks?more=1").text
    assert "Show more" not in desk.client.get("/tasks?more=1").text
    board = desk.client.get("/tasks/board").text
    assert "Taak 09" in board
    assert "Taak 10" not in board
    assert '<span class="num soft">10+</span>' in board
    assert "Taak 31" in desk.client.get("/tasks/board?more=1").text


def test_quick_add_makes_a_task_for_the_writer(desk: Desk) -> None:
    answer = desk.post(
        "/tasks", title="  Onderdeel   bestellen ", task_type="callback", due_date="2027-01-31", brand=desk.brand.id
    )
    assert answer.status_code == 303
    task = desk.only()
    assert (task.title, task.task_type, task.assignee_user_id) == ("Onderdeel bestellen", TaskType.CALLBACK, desk.alice.id)
    assert task.due_at is not None
    assert task.due_at.isoformat() == "2027-01-31T23:00:00+00:00"
    assert desk.events() == ["TaskCreated"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": " "}, "Enter what must be done."),
        ({"title": "x" * 301}, "Use at most 300 characters."),
        ({"title": "x", "due_date": "31-12"}, "Write the date as"),
        ({"title": "x", "due_time": "14:30"}, "A due time needs a date."),
        ({"title": "x", "due_date": "2027-01-01", "due_time": "25:00"}, "Write the time as"),
        ({"title": "x", "task_type": "nothing"}, "Choose one from the list."),
    ],
    ids=["no title", "long title", "bad date", "time alone", "bad time", "bad type"],
)
def test_what_is_wrong_with_a_new_task_is_said(desk: Desk, fields: dict[str, str], said: str) -> None:
    answer = desk.post("/tasks", brand=desk.brand.id, **fields)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_task_for_a_brand_one_does_not_see_is_refused(desk: Desk) -> None:
    answer = desk.post("/tasks", title="x", brand=desk.other.id)
    assert answer.status_code == 422
    assert "Choose one of your brands." in answer.text


def test_completing_is_one_request_and_one_undo(desk: Desk) -> None:
    task = desk.make()
    done = desk.post(f"/tasks/{task.id}/status", status="completed", headers=HTMX)
    assert done.status_code == 204
    said = json.loads(done.headers["HX-Trigger"])
    assert said["tasks-changed"] is True
    assert desk.read(task).status == TaskStatus.COMPLETED
    undone = desk.client.post(said["toast"]["undo_url"], headers={**HTMX, **_token(desk)})
    assert undone.status_code == 204
    assert (desk.read(task).status, desk.read(task).completed_at) == (TaskStatus.OPEN, None)
    assert desk.events() == ["TaskCreated", "TaskCompleted", "TaskReopened"]


def _token(desk: Desk) -> dict[str, str]:
    return {"X-CSRFToken": csrf_token(desk.client.plain)}


def test_a_task_is_edited_with_everything_it_has(desk: Desk) -> None:
    task = desk.make()
    assert desk.client.get(f"/tasks/{task.id}").status_code == 200
    fields = {
        "title": "Bellen over de zekering", "task_type": "research", "priority": "urgent", "assignee": desk.bob.id,
        "due_date": "2027-02-01", "due_time": "14:30", "reminder": "60", "recurrence": "weekly", "notes": "a\r\nb",
    }  # fmt: skip
    assert desk.post(f"/tasks/{task.id}", version=1, **fields).status_code == 303
    now = desk.read(task)
    assert (now.title, now.priority, now.assignee_user_id) == ("Bellen over de zekering", Priority.URGENT, desk.bob.id)
    assert (now.due_time, now.recurrence, now.notes, now.version) == (time(14, 30), Recurrence.WEEKLY, "a\nb", 2)
    assert now.remind_at is not None
    assert now.remind_at.isoformat() == "2027-02-01T12:30:00+00:00"
    answer = desk.post(f"/tasks/{task.id}", version=1, **{**fields, "title": "Te laat getypt"})
    assert answer.status_code == 409
    assert "Te laat getypt" in answer.text


def test_an_edit_names_the_field_that_is_wrong(desk: Desk) -> None:
    task = desk.make()
    answer = desk.post(f"/tasks/{task.id}", title="x", reminder="15", assignee=desk.mallory.id)
    assert answer.status_code == 422
    assert "A reminder needs a date." in answer.text
    assert "This person cannot see" in answer.text
    assert desk.read(task).title == "Terugbellen"


def test_completion_notes_are_kept(desk: Desk) -> None:
    task = desk.make()
    desk.post(f"/tasks/{task.id}/status", status="completed", completion_notes="Opgelost aan de telefoon", back="task")
    assert desk.read(task).completion_notes == "Opgelost aan de telefoon"
    assert "Opgelost aan de telefoon" in desk.client.get(f"/tasks/{task.id}").text


def test_another_brand_sees_nothing(desk: Desk) -> None:
    task = desk.make("Geheim", thread_id=desk.thread.id)
    desk.as_user(desk.mallory)
    assert "Geheim" not in desk.client.get("/tasks?who=all").text
    assert desk.client.get(f"/tasks/{task.id}").status_code == 404
    assert desk.post(f"/tasks/{task.id}/status", status="completed").status_code == 404
    assert desk.client.get(f"/threads/{desk.thread.id}/tasks").status_code == 404
    assert desk.read(task).is_open


def test_a_thread_has_its_tasks_beside_it(desk: Desk) -> None:
    answer = desk.post("/tasks", title="Offerte sturen", thread_id=desk.thread.id, back="thread")
    assert answer.status_code == 303
    assert answer.location.endswith(f"/threads/{desk.thread.id}")
    assert desk.only().thread_id == desk.thread.id
    assert "Offerte sturen" in desk.client.get(f"/threads/{desk.thread.id}/tasks").text
    block = desk.client.get(f"/threads/{desk.thread.id}/tasks", headers={**HTMX, "HX-Target": "thread-tasks"}).text
    assert block.lstrip().startswith("<section")
    assert "Offerte sturen" in block
    assert f"/threads/{desk.thread.id}/tasks" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_the_board_has_a_column_for_each_state(desk: Desk) -> None:
    task = desk.make("Wacht op onderdeel")
    desk.post(f"/tasks/{task.id}/status", status="waiting", back="board")
    text = desk.client.get("/tasks/board").text
    assert text.index('data-column="waiting"') < text.index("Wacht op onderdeel") < text.index('data-column="completed"')
    assert desk.events()[-1] == "TaskMoved"


def test_the_calendar_shows_a_month(desk: Desk) -> None:
    desk.make("Keuring", due_date=utc_now().date().replace(year=2027, month=3, day=15))
    assert "Keuring" in desk.client.get("/tasks/calendar?month=2027-03").text
    assert "Keuring" not in desk.client.get("/tasks/calendar?month=2027-05").text
    assert desk.client.get("/tasks/calendar?month=never").status_code == 200


@pytest.mark.parametrize(("made", "said"), [(5, ""), (6, "1"), (25, "20"), (26, "20+")])
def test_what_a_day_leaves_out_is_said_exactly_up_to_twenty(desk: Desk, made: int, said: str) -> None:
    for n in range(made):
        desk.make(f"Keuring {n}", due_date=date(2027, 3, 15))
    month = " ".join(desk.client.get("/tasks/calendar?month=2027-03").text.split())
    left_out = re.findall(r"(\d+\+?) more", month)
    assert left_out[:1] == ([said] if said else [])


def test_a_full_day_of_the_calendar_shows_its_first_and_all_when_asked(desk: Desk) -> None:
    day = date(2027, 3, 15)
    for hour in range(8, 16):
        desk.make(f"Taak {hour:02}", due_date=day, due_time=time(hour))
    complete = desk.make("Al gedaan", due_date=day, due_time=time(7))
    desk.post(f"/tasks/{complete.id}/status", status="completed")
    desk.make("Van Bob", due_date=day, assignee_user_id=desk.bob.id)
    month = desk.client.get("/tasks/calendar?month=2027-03").text
    assert [title in month for title in ("Taak 08", "Taak 12", "Taak 13", "Van Bob")] == [True, True, False, False]
    assert "month__task--ended" not in month
    assert "4 more" in month
    assert 'href="/tasks/calendar?month=2027-03&amp;day=2027-03-15#day-2027-03-15"' in month
    whole = desk.client.get("/tasks/calendar?month=2027-03&day=2027-03-15").text
    assert all(words in whole for words in ("Taak 08", "Taak 15", "month__task--ended"))
    assert "Show fewer" in whole
    assert "5 more" in desk.client.get("/tasks/calendar?month=2027-03&day=never&who=all").text


def test_what_a_day_of_the_calendar_leaves_out_is_counted_so_far(desk: Desk) -> None:
    for number in range(DAY_COUNTED + 3):
        desk.make(f"Taak {number:02}", due_date=date(2027, 3, 15))
    assert f"{DAY_COUNTED - DAY_SHOWN}+ more" in desk.client.get("/tasks/calendar?month=2027-03").text


def test_the_rail_counts_the_tasks_that_are_mine(desk: Desk) -> None:
    desk.make("Eén")
    desk.make("Twee")
    desk.make("Van Bob", assignee_user_id=desk.bob.id)
    rail = " ".join(desk.client.get("/rail").text.split())
    assert '<span class="nav__label">Tasks</span><span class="nav__count">2</span>' in rail
