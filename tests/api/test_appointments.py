"""Appointments in the API: planned, listed, moved, cancelled, refused."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.ids import new_id
from tests.api.conftest import Caller, World
from tests.api.test_lists import everything
from tests.api.test_tasks import faults

VISIT: dict[str, Any] = {"title": "Schouw", "starts_at": "2027-01-11T08:00:00Z", "place": "Kerkstraat 12"}


def plan(alice: Caller, world: World, **more: Any) -> dict[str, Any]:
    answer = alice.post("/appointments", {**VISIT, "thread_id": str(world.thread.id), **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json  # type: ignore[assignment]
    return made


def test_an_appointment_is_planned_and_read_again(alice: Caller, world: World) -> None:
    made = plan(alice, world, technician_contact_id=str(world.bob.contact_id))
    assert alice.get(f"/appointments/{made['id']}").json == made
    assert (made["ends_at"], made["status"], made["appointment_type"]) == ("2027-01-11T10:00:00Z", "planned", "visit")
    assert made["customer_contact_id"] == str(world.contact.id)
    assert [(one["outcome"], one["send_at"]) for one in made["reminders"]] == [(None, "2027-01-10T08:00:00Z")]


def test_one_that_moves_keeps_its_length_and_an_older_version_is_refused(alice: Caller, world: World) -> None:
    made = plan(alice, world)
    path = f"/appointments/{made['id']}"
    tag = alice.get(path).headers["ETag"]
    moved = alice.patch(path, {"starts_at": "2027-01-12T09:30:00+01:00"}, headers={"If-Match": tag})
    assert moved.json is not None
    assert (moved.json["starts_at"], moved.json["ends_at"]) == ("2027-01-12T08:30:00Z", "2027-01-12T10:30:00Z")
    assert alice.patch(path, {"title": "x"}, headers={"If-Match": tag}).status_code == 412
    cancelled = alice.patch(path, {"status": "cancelled"}).json
    assert cancelled is not None
    assert [one["outcome"] for one in cancelled["reminders"]] == ["stopped", "stopped"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"title": " "}, "title"),
        ({"starts_at": "2027-01-11T08:00:00"}, "starts_at"),
        ({"ends_at": "2027-01-11T08:00:00Z"}, "ends_at"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"order_id": str(new_id())}, "order_id"),
        ({"technician_contact_id": str(new_id())}, "technician_contact_id"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named(alice: Caller, world: World, change: dict[str, Any], field: str) -> None:
    answer = alice.post("/appointments", {**VISIT, "thread_id": str(world.thread.id), **change})
    assert faults(answer) == [field]


def test_one_about_nothing_or_a_strangers_thread_is_refused(alice: Caller, mallory: Caller, world: World) -> None:
    assert faults(alice.post("/appointments", VISIT)) == ["thread_id"]
    assert faults(mallory.post("/appointments", {**VISIT, "thread_id": str(world.thread.id)})) == ["thread_id"]
    path = f"/appointments/{plan(alice, world)['id']}"
    assert mallory.get(path).status_code == mallory.patch(path, {"title": "x"}).status_code == 404
    assert mallory.get("/appointments").json == {"items": [], "next_cursor": None}


def test_appointments_are_filtered_and_paged_by_when_they_begin(alice: Caller, world: World) -> None:
    days = ("13", "11", "12")
    made = {day: plan(alice, world, starts_at=f"2027-01-{day}T08:00:00Z")["id"] for day in days}
    assert [one["id"] for one in everything(alice, "/appointments", limit=1)] == [made["11"], made["12"], made["13"]]
    later = everything(alice, "/appointments", starts_after="2027-01-12T00:00:00Z", sort="-starts_at")
    assert [one["id"] for one in later] == [made["13"], made["12"]]
    assert everything(alice, "/appointments", status="done", thread_id=str(world.thread.id)) == []
