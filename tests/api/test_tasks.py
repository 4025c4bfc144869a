"""Tasks: made, changed, completed, under one's own brands, with the names of the documents."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.domain.events.models import Event
from app.domain.tasks.models import Task, TaskStatus
from app.domain.threads.models import Priority, Thread
from tests.api.conftest import Caller, World
from tests.api.test_lists import everything

FULL = {
    "task_title": "  Bellen  over de zekering ",
    "task_description": "Na drie uur",
    "task_type": "callback",
    "priority": "high",
    "due_date": "2090-02-01",
    "due_time": "14:30",
    "reminder_settings": {"minutes_before": 60},
    "recurrence": "weekly",
}


def faults(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [fault["field"] for fault in answer.json["errors"]]


def test_a_task_is_added_with_everything_it_has(alice: Caller, world: World, db_session: Session) -> None:
    body = {**FULL, "thread_id": str(world.thread.id), "assigned_to_contact_id": str(world.bob.contact_id)}
    made = alice.post("/tasks", body)
    assert made.status_code == 201, made.text
    shown = alice.get(f"/tasks/{made.json['id']}")  # type: ignore[index]
    assert (shown.json, shown.headers["ETag"]) == (made.json, made.headers["ETag"])
    assert made.headers["Location"] == f"/api/v1/tasks/{made.json['id']}"  # type: ignore[index]
    assert made.json is not None
    assert made.json["task_title"] == "Bellen over de zekering"
    assert (made.json["due_at"], made.json["due_time"]) == ("2090-02-01T13:30:00Z", "14:30")
    assert made.json["brand"] == world.brand.key
    assert made.json["assigned_to_contact_id"] == str(world.bob.contact_id)
    assert made.json["created_by_contact_id"] == str(world.alice.contact_id)
    assert (made.json["status"], made.json["order_id"]) == ("open", None)
    stored = db_session.get_one(Task, made.json["id"])
    assert (stored.notes, stored.reminder_minutes) == ("Na drie uur", 60)
    assert db_session.scalars(sa.select(Event.type).where(Event.actor_user_id == world.alice.id)).all() == ["TaskCreated"]


def test_what_is_left_out_stays_and_an_equal_change_is_none(alice: Caller, world: World) -> None:
    path = f"/tasks/{alice.post('/tasks', FULL).json['id']}"  # type: ignore[index]
    first = alice.get(path)
    assert alice.patch(path, {"priority": "high"}).headers["ETag"] == first.headers["ETag"]
    changed = alice.put(path, {"priority": "urgent"})
    assert {**first.json, "priority": "urgent", "updated_at": 0} == {**changed.json, "updated_at": 0}  # type: ignore[dict-item]
    cleared = alice.patch(path, {"due_date": None}).json
    assert cleared is not None
    assert {cleared[n] for n in ("due_date", "due_time", "due_at", "reminder_settings", "recurrence")} == {None}


def test_completing_a_recurring_task_makes_the_next(alice: Caller, world: World, db_session: Session) -> None:
    path = f"/tasks/{alice.post('/tasks', FULL).json['id']}"  # type: ignore[index]
    done = alice.patch(path, {"status": "completed", "completion_notes": "Opgelost"})
    assert done.json is not None
    assert (done.json["status"], done.json["completion_notes"]) == ("completed", "Opgelost")
    assert done.json["completed_at"] is not None
    following = db_session.scalars(sa.select(Task).where(Task.follows_id == done.json["id"])).one()
    assert str(following.due_date) == "2090-02-08"
    again = alice.patch(path, {"status": "completed"})
    assert again.headers["ETag"] == done.headers["ETag"]
    assert alice.patch(path, {"status": "open"}).json["completed_at"] is None  # type: ignore[index]


def test_the_same_etag_is_needed_where_one_is_named(alice: Caller, world: World) -> None:
    path = f"/tasks/{world.task.id}"
    first = alice.get(path).headers["ETag"]
    second = alice.patch(path, {"task_title": "Terugbellen"}, headers={"If-Match": first}).headers["ETag"]
    assert second != first
    assert alice.patch(path, {"task_title": "x"}, headers={"If-Match": first}).status_code == 412
    assert alice.get(path, headers={"If-None-Match": second}).status_code == 304
    assert alice.get(path).json["task_title"] == "Terugbellen"  # type: ignore[index]


def test_the_same_key_makes_one_task(alice: Caller, world: World) -> None:
    answers = [alice.post("/tasks", {"task_title": "x"}, headers={"Idempotency-Key": "1"}) for _time in range(2)]
    assert answers[0].json == answers[1].json
    assert answers[1].headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "task_title"),
        ({"task_title": " "}, "task_title"),
        ({"task_title": "x" * 301}, "task_title"),
        ({"task_title": "x", "title": "x"}, "title"),
        ({"task_title": "x", "due_time": "14:30"}, "due_time"),
        ({"task_title": "x", "due_date": "2027-01-01", "due_time": "24:00"}, "due_time"),
        ({"task_title": "x", "due_date": "1999-01-01"}, "due_date"),
        ({"task_title": "x", "recurrence": "daily"}, "recurrence"),
        ({"task_title": "x", "reminder_settings": {"minutes_before": 5}}, "reminder_settings"),
        ({"task_title": "x", "brand": "laderthuis"}, "brand"),
        ({"task_title": "x", "task_type": "nothing"}, "task_type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_named_by_its_field(alice: Caller, world: World, body: dict[str, Any], field: str) -> None:
    assert faults(alice.post("/tasks", body)) == [field]


def test_things_and_people_of_another_brand_cannot_be_named(alice: Caller, world: World) -> None:
    path = f"/tasks/{world.task.id}"
    for body in ({"thread_id": str(world.other_thread.id)}, {"thread_id": str(new_id())}):
        assert faults(alice.patch(path, body)) == ["thread_id"]
        assert faults(alice.post("/tasks", {"task_title": "x", **body})) == ["thread_id"]
    for contact_id in (world.mallory.contact_id, world.contact.id):
        assert faults(alice.patch(path, {"assigned_to_contact_id": str(contact_id)})) == ["assigned_to_contact_id"]
    assert faults(alice.patch(path, {"brand": world.brand.key})) == ["brand"]
    assert faults(alice.patch(path, {"completion_notes": "Klaar"})) == ["completion_notes"]


def test_a_stranger_sees_and_changes_nothing(mallory: Caller, world: World, db_session: Session) -> None:
    assert [item["id"] for item in everything(mallory, "/tasks")] == [str(world.other_task.id)]
    assert mallory.get(f"/tasks?thread_id={world.thread.id}").json == {"items": [], "next_cursor": None}
    assert mallory.get(f"/tasks/{world.task.id}").status_code == 404
    assert mallory.patch(f"/tasks/{world.task.id}", {"status": "completed"}).status_code == 404
    db_session.expire_all()
    assert db_session.get_one(Task, world.task.id).status == TaskStatus.OPEN


def test_tasks_are_filtered_by_every_field(alice: Caller, world: World) -> None:
    body = {**FULL, "thread_id": str(world.thread.id), "assigned_to_contact_id": str(world.bob.contact_id)}
    made = alice.post("/tasks", body).json
    assert made is not None
    for query in (
        {"task_type": "callback"},
        {"priority": Priority.HIGH.value},
        {"assigned_to_contact_id": str(world.bob.contact_id)},
        {"created_by_contact_id": str(world.alice.contact_id)},
        {"due_date": "2090-02-01"},
    ):
        assert [t["id"] for t in everything(alice, "/tasks", **query)] == [made["id"]], query
    assert len(everything(alice, "/tasks", thread_id=str(world.thread.id), brand=world.brand.key, status="open")) == 2
    assert [t["id"] for t in everything(alice, "/tasks", assigned_to_contact_id="none")] == [str(world.task.id)]
    assert everything(alice, "/tasks", status="completed") == []


def test_a_task_says_what_its_thread_waits_for(alice: Caller, world: World, db_session: Session) -> None:
    assert faults(alice.post("/tasks", {**FULL, "waiting_for": "part"})) == ["waiting_for"]
    made = alice.post("/tasks", {**FULL, "waiting_for": " part ", "thread_id": str(world.thread.id)}).json
    assert made is not None
    assert (made["waiting_for"], made["depends_on"]) == ("part", None)
    assert db_session.get_one(Thread, world.thread.id, populate_existing=True).waiting_for == "part"
    path = f"/tasks/{made['id']}"
    assert faults(alice.patch(path, {"waiting_for": "x" * 61})) == ["waiting_for"]
    assert faults(alice.patch(path, {"thread_id": None, "waiting_for": "part"})) == ["waiting_for"]
    freed = alice.patch(path, {"thread_id": None}).json
    assert freed is not None
    assert freed["waiting_for"] == ""
    assert db_session.get_one(Thread, world.thread.id, populate_existing=True).waiting_for is None
    late = alice.patch(path, {"thread_id": str(world.thread.id), "waiting_for": "permit"}).json
    assert late is not None
    assert db_session.get_one(Thread, world.thread.id, populate_existing=True).waiting_for == "permit"


def test_a_task_waits_for_an_open_one_that_does_not_wait_for_it(alice: Caller, world: World) -> None:
    first, second = (alice.post("/tasks", FULL).json["id"] for _ in range(2))  # type: ignore[index]
    third = alice.post("/tasks", {**FULL, "depends_on": second}).json
    assert third is not None
    assert third["depends_on"] == second
    changed = alice.patch(f"/tasks/{second}", {"depends_on": first})
    assert changed.json is not None
    assert changed.json["depends_on"] == first
    for wrong in (first, third["id"], str(new_id())):
        assert faults(alice.patch(f"/tasks/{first}", {"depends_on": wrong})) == ["depends_on"]
    assert faults(alice.post("/tasks", {**FULL, "depends_on": str(new_id())})) == ["depends_on"]
    alice.patch(f"/tasks/{first}", {"status": "completed"})
    same = alice.patch(f"/tasks/{second}", {"depends_on": first, "priority": "low"})
    assert same.status_code == 200
    assert faults(alice.patch(f"/tasks/{third['id']}", {"depends_on": first})) == ["depends_on"]
    free = alice.patch(f"/tasks/{second}", {"depends_on": None}).json
    assert free is not None
    assert free["depends_on"] is None
