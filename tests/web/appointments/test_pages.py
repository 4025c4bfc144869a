"""Appointments are planned, moved and cancelled from their thread and their order, and stand in the calendar."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime

import pytest
import sqlalchemy as sa

from app.domain.appointments.models import Absence, AppointmentKind, AppointmentState
from app.domain.connections.models import Channel
from app.domain.contacts.merge import merge_contacts
from app.domain.contacts.merge import undo_merge as undo_contacts
from app.domain.events.actions import Actor
from app.domain.orders.models import Order
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.move_models import ThreadMove
from tests.domain.appointments.conftest import Desk
from tests.factories import make_contact, make_thread
from tests.support.desk import HTMX


def toast(answer: object) -> dict[str, str]:
    told: dict[str, str] = json.loads(answer.headers["HX-Trigger"])["toast"]  # type: ignore[attr-defined]
    return told


def test_an_appointment_is_planned_from_its_thread_on_the_clock_of_its_place(desk: Desk) -> None:
    dialog = desk.client.get(f"/threads/{desk.thread.id}/appointments/new").text
    assert desk.order.order_number in dialog
    answer = desk.plan(technician=desk.tim.id, order=desk.order.id, zone="Europe/London", place="Kerkstraat 12")
    made = desk.only()
    assert answer.location == f"/appointments/{made.id}"
    assert (made.starts_at, made.ends_at) == (datetime(2027, 1, 11, 9, tzinfo=UTC), datetime(2027, 1, 11, 11, tzinfo=UTC))
    assert (made.technician_user_id, made.order_id, made.contact_id) == (desk.tim.id, desk.order.id, desk.pieter.id)
    assert desk.events() == ["AppointmentPlanned"]
    beside = desk.client.get(f"/threads/{desk.thread.id}/appointments").text
    assert "09:00–11:00" in beside
    assert f"/orders/{desk.order.id}" in desk.client.get(f"/threads/{desk.thread.id}/orders").text
    assert f"/orders/{desk.order.id}" in desk.client.get(f"/contacts/{desk.pieter.id}").text
    assert "Schouw" in desk.client.get(f"/orders/{desk.order.id}").text
    assert "Alice planned an appointment" in desk.client.get(f"/threads/{desk.thread.id}").text


@pytest.mark.parametrize(("kind", "minutes"), [("visit", 120), ("call", 30), ("other", 60)])
def test_without_a_length_it_takes_as_long_as_its_kind_usually_does(desk: Desk, kind: str, minutes: int) -> None:
    desk.plan(kind=kind)
    made = desk.only()
    assert (made.ends_at - made.starts_at).total_seconds() == minutes * 60


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", "x" * 201),
        ("kind", "party"),
        ("date", "tomorrow"),
        ("date", "1999-01-01"),
        ("time", "25:00"),
        ("time", ""),
        ("minutes", "0"),
        ("zone", "Mars/Olympus"),
        ("technician", "not-one"),
        ("order", "0197f0de-0000-7000-8000-000000000000"),
        ("notes", "x" * 5001),
    ],
)
def test_what_is_wrong_is_named_at_its_field_and_nothing_is_written(desk: Desk, field: str, value: str) -> None:
    answer = desk.plan(**{field: value})
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert desk.all() == []


def test_a_time_the_clock_jumps_over_is_refused(desk: Desk) -> None:
    assert desk.plan(date="2027-03-28", time="02:30").status_code == 422
    assert desk.plan(date="2027-03-28", time="02:30", zone="Europe/London").status_code == 303


def test_a_technician_who_is_absent_that_day_cannot_be_planned(desk: Desk) -> None:
    desk.session.add(Absence(user_id=desk.tim.id, absent_date=date(2027, 1, 11), created_at=desk.now, note=""))
    desk.session.commit()
    assert "absent" in desk.plan(technician=desk.tim.id).text
    assert desk.plan(technician=desk.tim.id, date="2027-01-12").status_code == 303


def test_a_form_that_is_sent_twice_makes_one(desk: Desk) -> None:
    token = uuid.uuid4()
    assert desk.plan(token=token).location == desk.plan(token=token).location
    assert len(desk.all()) == 1


def test_a_move_is_told_with_the_way_back(desk: Desk) -> None:
    one = desk.make()
    fields = {"title": one.title, "date": "2027-02-01", "time": "13:00", "version": one.version}
    answer = desk.post(f"/appointments/{one.id}", headers=HTMX, **fields)
    assert answer.status_code == 204
    assert json.loads(answer.headers["HX-Trigger"])["appointments-changed"]
    assert desk.only().starts_at == datetime(2027, 2, 1, 12, tzinfo=UTC)
    before = desk.in_hours(72)
    desk.post(toast(answer)["undo_url"], headers=HTMX)
    assert desk.only().starts_at == before
    assert desk.events() == ["AppointmentPlanned", "AppointmentMoved", "AppointmentMoved"]


def test_who_saw_an_older_version_is_told_and_changes_nothing(desk: Desk) -> None:
    one = desk.make()
    fields = {"title": "Anders", "date": "2027-02-01", "time": "13:00"}
    assert desk.post(f"/appointments/{one.id}", version=one.version, **fields).status_code == 303
    answer = desk.post(f"/appointments/{one.id}", version=1, **{**fields, "title": "Nog anders"})
    assert answer.status_code == 409
    assert "Nog anders" in answer.text
    assert desk.only().title == "Anders"


def test_a_cancelled_one_can_be_planned_again(desk: Desk) -> None:
    one = desk.make()
    answer = desk.post(f"/appointments/{one.id}/state?state=cancelled", headers=HTMX)
    assert desk.only().state == AppointmentState.CANCELLED
    desk.post(toast(answer)["undo_url"], headers=HTMX)
    assert desk.only().state == AppointmentState.PLANNED
    assert desk.post(f"/appointments/{one.id}/state", state="lost").status_code == 422


def test_the_calendar_shows_ones_own_or_everybodys_on_the_day_of_the_place(desk: Desk) -> None:
    desk.make(technician_user_id=desk.tim.id, kind=AppointmentKind.CALL, starts_at=datetime(2027, 1, 31, 23, 30, tzinfo=UTC))
    cell = 'id="day-2027-02-01"'
    assert "Schouw" not in desk.client.get("/tasks/calendar?month=2027-02").text
    page = desk.client.get("/tasks/calendar?month=2027-02&who=all").text
    assert "00:30" in page
    assert cell not in page or "Schouw" in page
    desk.as_user(desk.tim)
    assert "Schouw" in desk.client.get("/tasks/calendar?month=2027-02").text
    desk.as_user(desk.mallory)
    assert "Schouw" not in desk.client.get("/tasks/calendar?month=2027-02&who=all").text


def test_nobody_of_another_brand_sees_or_changes_it(desk: Desk) -> None:
    one = desk.make()
    desk.as_user(desk.mallory)
    for answer in (
        desk.client.get(f"/appointments/{one.id}"),
        desk.post(f"/appointments/{one.id}/state", state="done"),
        desk.plan(),
    ):
        assert answer.status_code == 404
    assert desk.only().state == AppointmentState.PLANNED


def test_appointments_follow_their_thread_into_another_and_back(desk: Desk) -> None:
    desk.make()
    channel = desk.session.get_one(Channel, desk.thread.channel_id)
    other = make_thread(desk.session, channel, desk.pieter, subject="Andere")
    mine, who = desk.thread.id, {"now": desk.now, "actor": Actor(desk.alice.id)}
    merge_threads(desk.session, keep_id=other.id, merge_id=mine, **who)  # type: ignore[arg-type]
    assert desk.only().thread_id == other.id
    undo_merge(desk.session, desk.session.execute(sa.select(ThreadMove)).scalar_one(), **who)  # type: ignore[arg-type]
    assert desk.only().thread_id == mine


def test_appointments_and_orders_follow_their_contact_into_another_and_back(desk: Desk) -> None:
    desk.make()
    anna = make_contact(desk.session, "Anna", value="31600000002")
    who = {"now": desk.now, "actor": Actor(desk.alice.id)}
    merge = merge_contacts(desk.session, keep_id=anna.id, merge_id=desk.pieter.id, **who)  # type: ignore[arg-type]
    assert desk.only().contact_id == anna.id
    assert desk.session.get_one(Order, desk.order.id, populate_existing=True).customer_contact_id == anna.id
    undo_contacts(desk.session, merge.id, **who)  # type: ignore[arg-type]
    assert desk.session.get_one(Order, desk.order.id, populate_existing=True).customer_contact_id == desk.pieter.id
    assert desk.only().contact_id == desk.pieter.id
