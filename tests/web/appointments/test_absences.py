"""Days on which people are not there: written down by themselves or a lead, with the appointments they concern."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.accounts.models import Role
from app.domain.appointments.models import Absence
from tests.domain.appointments.conftest import Desk
from tests.factories import make_user


def day_of(desk: Desk) -> date:
    return (desk.now + timedelta(days=30)).date()


def kept(desk: Desk) -> list[Absence]:
    desk.session.expire_all()
    return desk.session.query(Absence).all()


def test_a_lead_notes_an_absence_and_sees_what_it_concerns(desk: Desk) -> None:
    leila = make_user(desk.session, "Leila", role=Role.LEAD, brands=(desk.brand,))
    starts_at = desk.now.replace(hour=10) + timedelta(days=30)
    visit = desk.make(technician_user_id=desk.tim.id, starts_at=starts_at)
    desk.as_user(leila)
    assert desk.post("/absences", user=desk.tim.id, date=day_of(desk), note="Ziek").status_code == 303
    page = desk.client.get("/absences").text
    assert "One appointment is affected:" in page
    assert f"/appointments/{visit.id}" in page
    assert desk.post(f"/absences/{desk.tim.id}/{day_of(desk)}/removal").status_code == 303
    assert kept(desk) == []


def test_an_agent_notes_their_own_alone(desk: Desk) -> None:
    assert desk.post("/absences", user=desk.tim.id, date=day_of(desk)).status_code == 422
    assert desk.post("/absences", date=day_of(desk)).status_code == 303
    assert [one.user_id for one in kept(desk)] == [desk.alice.id]
    assert desk.post("/absences", date=day_of(desk)).status_code == 303
    assert len(kept(desk)) == 1
    assert desk.post(f"/absences/{desk.tim.id}/{day_of(desk)}/removal").status_code == 403


@pytest.mark.parametrize(("field", "value"), [("date", ""), ("date", "1899-01-01"), ("note", "x" * 201), ("user", "nobody")])
def test_what_is_wrong_is_named(desk: Desk, field: str, value: str) -> None:
    answer = desk.post("/absences", **{"date": day_of(desk), field: value})
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
