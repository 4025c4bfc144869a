"""Whoever plans sees the day of everybody, moves visits, is told what clashes, and keeps the checklists."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from werkzeug.test import TestResponse

from app.domain.accounts.models import Role, User
from app.domain.appointments.models import Absence
from app.domain.field.checklists import items_of
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.conftest import PNG, Round
from tests.factories import make_user
from tests.support.desk import HTMX

PLACE = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def leila(day: Round) -> User:
    found = make_user(day.session, "Leila", role=Role.LEAD, brands=(day.brand,))
    day.session.commit()
    day.as_user(found)
    return found


@pytest.fixture
def move(day: Round, leila: User) -> Callable[..., TestResponse]:
    """Move the visit on the day it is on."""
    begin = day.visit.starts_at.astimezone(PLACE)

    def send(**fields: object) -> TestResponse:
        usual = {"date": begin.date(), "time": "13:30", "technician": day.tim.id, "version": day.visit.version}
        return day.post(f"/planner/{day.visit.id}", headers=HTMX | {"HX-Target": "day-plan"}, **{**usual, **fields})

    return send


def test_the_plan_has_everybodys_visits_with_their_live_state(day: Round, leila: User) -> None:
    day.take(day.step("arrived"))
    make_appointment(day.session, day.thread, now=day.now, starts_at=day.visit.starts_at, title="Los bezoek")
    day.session.commit()
    text = day.get(f"/planner?date={day.visit.starts_at.astimezone(PLACE).date()}")
    for words in ("Tim", "Pieter van Dam", "Arrived", "Los bezoek", "Unassigned visits"):
        assert words in text


def test_a_visit_is_moved_to_another_time_and_person(day: Round, move: Callable[..., TestResponse]) -> None:
    other = make_appointment(day.session, day.thread, now=day.now, starts_at=day.visit.starts_at, technician_user_id=day.carla.id)
    day.session.commit()
    answer = move(technician=day.carla.id)
    assert answer.status_code == 200
    assert 'id="day-plan"' in answer.text
    day.session.refresh(day.visit)
    local = day.visit.starts_at.astimezone(PLACE)
    assert (f"{local:%H:%M}", day.visit.technician_user_id) == ("13:30", day.carla.id)
    assert other.technician_user_id == day.carla.id


def test_a_move_has_an_undo_that_gives_back_time_and_person(day: Round, move: Callable[..., TestResponse]) -> None:
    before = (day.visit.starts_at, day.visit.technician_user_id)
    make_appointment(day.session, day.thread, now=day.now, starts_at=before[0], technician_user_id=day.carla.id)
    day.session.commit()
    toast = json.loads(move(technician=day.carla.id).headers["HX-Trigger"])["toast"]
    assert day.post(toast["undo_url"], headers=HTMX).status_code == 204
    day.session.refresh(day.visit)
    assert (day.visit.starts_at, day.visit.technician_user_id) == before
    foreign = toast["undo_url"].replace(str(day.tim.id), str(day.mallory.id))
    assert day.post(foreign, headers=HTMX).status_code == 422


def test_what_overlaps_is_said(day: Round, leila: User) -> None:
    make_appointment(day.session, day.thread, now=day.now, starts_at=day.visit.starts_at, technician_user_id=day.tim.id)
    day.session.commit()
    text = day.get(f"/planner?date={day.visit.starts_at.astimezone(PLACE).date()}")
    assert "At the same time as the visit to Pieter van Dam" in text
    assert "Problems to solve" in text


def test_a_move_that_cannot_be_made_says_why_and_changes_nothing(day: Round, move: Callable[..., TestResponse]) -> None:
    before = day.visit.starts_at
    make_appointment(day.session, day.thread, now=day.now, starts_at=before, technician_user_id=day.carla.id)
    absent = before.astimezone(PLACE).date()
    day.session.add(Absence(user_id=day.carla.id, absent_date=absent, created_at=datetime.now(UTC), note=""))
    day.session.commit()
    for fields, status, words in (
        ({"technician": day.carla.id}, 422, "This person is absent on that day."),
        ({"technician": day.mallory.id}, 422, "This person cannot see the appointment"),
        ({"time": "late"}, 422, "Write the time as hours and minutes"),
        ({"version": 0}, 409, "This visit changed in the meantime"),
    ):
        answer = move(**fields)
        assert answer.status_code == status
        assert words in answer.text
    day.session.refresh(day.visit)
    assert day.visit.starts_at == before


def test_a_checklist_is_written_by_a_lead_and_ticked_by_the_technician(day: Round, leila: User) -> None:
    fields = {"brand": day.brand.id, "type": "installation", "items": "Aarde gemeten\n\nAarde gemeten\nFoto van de kast"}
    assert day.post("/settings/checklists", **fields).status_code == 303
    assert "Foto van de kast" in day.get(f"/settings/checklists?brand={day.brand.id}&type=installation")
    assert items_of(day.session, brand_id=day.brand.id, order_type="installation") == ("Aarde gemeten", "Foto van de kast")
    assert items_of(day.session, brand_id=day.brand.id, order_type="repair") == ()
    assert day.post("/settings/checklists", brand=day.brand.id, type="", items="x" * 201).status_code == 422
    day.as_user(day.tim)
    assert "Aarde gemeten" in day.get(f"/visits/{day.visit.id}")
    day.take(day.new("checklist", body={"item": "Aarde gemeten", "answer": "yes"}))
    day.session.commit()
    assert "1/2" in day.get(f"/visits/{day.visit.id}")
    day.as_user(leila)
    assert day.post("/settings/checklists", **{**fields, "items": ""}).status_code == 303
    assert items_of(day.session, brand_id=day.brand.id, order_type="installation") == ()


def test_the_office_sees_what_was_done_at_the_visit_and_on_the_order(day: Round, leila: User) -> None:
    day.take(day.step("arrived"))
    kept = day.file()
    day.take(day.new("photo", body={"label": "fuse_box"}, file_id=kept))
    day.session.commit()
    assert "Fuse box" in day.get(f"/appointments/{day.visit.id}/report")
    assert day.client.get(f"/appointments/{day.visit.id}/files/{kept}").data == PNG
    assert str(kept) in day.get(f"/orders/{day.visit.order_id}/visits")
    assert "order-visits" in day.get(f"/orders/{day.visit.order_id}")
    assert "/report" in day.get(f"/appointments/{day.visit.id}")


def test_what_is_too_close_is_said_and_the_map_asks_nobody(day: Round, leila: User) -> None:
    ten = (day.now + timedelta(days=1)).astimezone(PLACE).replace(hour=10, minute=0)  # both on one day, whatever the time is now
    for place, begin in (("Kade 2, Soest", ten), ("Dorp 1, Soest", ten + timedelta(hours=2, minutes=5))):
        make_appointment(
            day.session, day.thread, now=day.now, technician_user_id=day.tim.id, place=place, starts_at=begin.astimezone(UTC)
        )
    day.session.commit()
    text = day.get(f"/planner?date={ten.date()}")
    assert "5 min gap, about 15 min drive" in text
    assert "not on the map: their addresses are not in the address register" in text
    assert "<image" not in text
