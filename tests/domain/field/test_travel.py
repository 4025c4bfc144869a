"""From one visit to the next: about as long as it takes; and where both stand on the map."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

from app.core.clock import utc_now
from app.core.ids import new_id
from app.domain.addresses.models import Address, AddressType, CheckStatus
from app.domain.field.day_plan import day_of, read_day_plan
from app.domain.field.queries import VisitRow, drives, list_own_visits
from app.domain.field.travel import Spot, minutes_between
from app.domain.orders.models import Order
from app.web.field.day_map import draw_map
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.conftest import Round

PLACE = ZoneInfo("Europe/Amsterdam")
UTRECHT, AMERSFOORT = Spot(52.0907, 5.1214), Spot(52.1561, 5.3878)


def test_it_takes_about_half_an_hour_from_utrecht_to_amersfoort_and_nothing_to_stay() -> None:
    assert 25 <= minutes_between(UTRECHT, AMERSFOORT) <= 45
    assert minutes_between(UTRECHT, UTRECHT) == 0


def test_the_map_has_each_visit_where_it_is_and_tiles_only_where_they_are_named() -> None:
    row = SimpleNamespace(local_start=utc_now(), contact_name="Pieter")
    blocks = [SimpleNamespace(spot=spot, row=row) for spot in (UTRECHT, AMERSFOORT, None)]
    people = [SimpleNamespace(name="Tim", blocks=blocks)]
    drawn = draw_map(people)  # type: ignore[arg-type]
    assert (len(drawn.dots), drawn.missing, drawn.tiles) == (2, 1, ())
    west, east = drawn.dots
    assert west.x < east.x
    assert west.y > east.y
    assert all(0 < dot.x < drawn.width and 0 < dot.y < drawn.height for dot in drawn.dots)
    tiles = draw_map(people, "https://tiles.example/{z}/{x}/{y}.png").tiles  # type: ignore[arg-type]
    assert tiles
    assert all(tile.href.startswith("https://tiles.example/") and "{" not in tile.href for tile in tiles)


def test_where_the_register_knows_an_address_the_plan_has_its_place(day: Round) -> None:
    order = day.session.get_one(Order, day.visit.order_id)
    register = {"latitude": UTRECHT.lat, "longitude": UTRECHT.lon}
    facts = {"address_type": AddressType.INSTALLATION, "typed": "Kerkstraat 12", "check_status": CheckStatus.VALID}
    address = Address(id=new_id(), register=register, candidates=[], state="done", created_at=day.now, **facts)
    day.session.add(address)
    day.session.flush()
    order.address_id = address.id
    day.session.flush()
    plan = read_day_plan(
        day.session,
        viewer=day.viewer,
        day=day_of(day.visit.starts_at.astimezone(PLACE).date().isoformat(), day.viewer, day.now),
        now=day.now,
    )
    assert [block.spot for block in plan.blocks] == [UTRECHT]
    assert "destination=52.090700%2C5.121400" in day.get("/today")


def test_today_says_how_far_it_is_from_one_visit_to_the_next(day: Round) -> None:
    times = {"starts_at": day.visit.ends_at, "ends_at": day.visit.ends_at + timedelta(minutes=1)}
    make_appointment(day.session, day.thread, now=day.now, technician_user_id=day.tim.id, place="Dorp 1, Soest", **times)
    day.session.commit()
    if times["starts_at"].astimezone(PLACE).date() == day.visit.starts_at.astimezone(PLACE).date():  # not around midnight
        assert "About 15 min to drive" in day.get("/today")
    rows = [row for of_day in _own(day).values() for row in of_day]
    assert list(drives(rows).values()) == [15]


def _own(day: Round) -> dict[date, list[VisitRow]]:
    first = day.visit.starts_at.date()
    return list_own_visits(day.session, viewer=day.viewer, first=first - timedelta(days=1), last=first + timedelta(days=2))
