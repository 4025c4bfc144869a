"""Files of orders, articles and prices by programs: uploaded, looked at row by row, made, taken back."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role, User
from app.domain.imports.jobs import run_import
from tests.api.conftest import Caller, World
from tests.domain.imports.conftest import order_file

GOOD = "SHOP-{n};Jan Janssen;jan{n}@example.com;Kerkstraat;12;1234AB;Amsterdam;Kabel;1;849,00;approved;"
WRONG = "SHOP-9;;geen adres;;;;;Wallbox;1.000;1.250;completed;"


def made(session: Session, world: World, role: Role) -> None:
    """Alice is that from now on."""
    session.execute(sa.update(User).where(User.id == world.alice.id).values(role=role))
    session.commit()


@pytest.fixture
def lead(alice: Caller, world: World, db_session: Session) -> Caller:
    made(db_session, world, Role.LEAD)
    return alice


def upload(caller: Caller, content: str, kind: str = "orders", **more: Any) -> Any:
    return caller.call("POST", "/imports", data={"file": (BytesIO(content.encode()), "orders.csv"), "kind": kind}, **more)


def worked_on(caller: Caller, import_id: str) -> dict[str, Any]:
    """What an import says once workers have nothing left to do."""
    for _turn in range(100):
        found = caller.get(f"/imports/{import_id}").json
        assert found is not None
        if not found["is_running"]:
            return dict(found)
        with caller.client.application.app_context():
            run_import(row_id=import_id)
    raise AssertionError("it never ends")


def test_a_file_is_read_made_and_taken_back_with_a_reason_for_each_row_that_is_left_out(lead: Caller, world: World) -> None:
    content = order_file(*(GOOD.format(n=number) for number in range(3)), WRONG)
    answers = [upload(lead, content, headers={"Idempotency-Key": "a"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    begun = answers[0].json
    assert begun == answers[1].json, "the same upload is one import"
    assert (begun["phase"], begun["is_running"], begun["outcomes"]) == ("reading", True, {})
    path = f"/imports/{begun['id']}"
    found = worked_on(lead, begun["id"])
    assert (found["phase"], found["outcomes"], found["brand"]) == ("preview", {"new": 3, "wrong": 1}, world.brand.key)
    assert set(found["columns"]) <= set(found["fields"])
    assert lead.get("/orders").json == {"items": [], "next_cursor": None}, "nothing is made yet"

    wrong = lead.get(f"{path}/rows?outcome=wrong").json
    assert wrong is not None
    (row,) = wrong["items"]
    assert {one["field"] for one in row["problems"]} >= {"customer_name", "email", "unit_price"}
    assert any("1250 or 1.25" in one["message"] for one in row["problems"])
    numbers, cursor = list[int](), "0"
    while cursor:
        page = lead.get(f"{path}/rows?limit=2&cursor={cursor}").json
        assert page is not None
        numbers, cursor = [*numbers, *(one["number"] for one in page["items"])], page["next_cursor"]
    assert numbers == [2, 3, 4, 5]

    assert lead.post(f"{path}/steps", {"step": "undo"}).status_code == 409
    assert lead.post(f"{path}/steps", {"step": "start"}).status_code == 202
    found = worked_on(lead, begun["id"])
    assert (found["phase"], found["outcomes"], found["done"], found["total"]) == ("done", {"made": 3, "wrong": 1}, 3, 3)
    made = lead.get("/orders").json
    assert made is not None
    assert sorted(str(one["id"]) for one in made["items"]) == sorted(
        str(one["entity_id"]) for one in (lead.get(f"{path}/rows?outcome=made").json or {})["items"]
    )
    assert lead.post(f"{path}/steps", {"step": "undo"}).status_code == 202
    assert worked_on(lead, begun["id"])["outcomes"] == {"taken_back": 3, "wrong": 1}
    after = lead.get("/orders").json
    assert after is not None
    assert {one["order_status"] for one in after["items"]} == {"cancelled"}, "their numbers are not given again"


def test_columns_are_taken_for_other_fields(lead: Caller) -> None:
    begun = upload(lead, "Nummer;Wat\nWB-11;Wallbox\n", "articles").json
    found = worked_on(lead, begun["id"])
    path = f"/imports/{begun['id']}/columns"
    assert lead.put(path, {"columns": ["sku", "nonsense"]}).status_code == 409
    assert lead.put(path, {"columns": ["sku", "name"]}).status_code == 200
    found = worked_on(lead, begun["id"])
    assert (found["phase"], found["columns"], found["outcomes"]) == ("preview", ["sku", "name"], {"new": 1})


def test_what_is_no_file_is_refused_and_agents_import_nothing(lead: Caller, world: World, db_session: Session) -> None:
    assert upload(lead, "  ").status_code == 422
    assert upload(lead, "a;b\n", "people").status_code == 422
    assert lead.get("/imports/0193a1c2-0000-7000-8000-000000000000").status_code == 404
    made(db_session, world, Role.AGENT)
    assert upload(lead, "a;b\n").status_code == 403


def test_a_lead_of_another_brand_finds_no_import(lead: Caller, mallory: Caller, world: World, db_session: Session) -> None:
    path = f"/imports/{upload(lead, 'Nummer;Wat').json['id']}"
    db_session.execute(sa.update(User).where(User.id == world.mallory.id).values(role=Role.LEAD))
    db_session.commit()
    asked = [mallory.get(path), mallory.get(f"{path}/rows"), mallory.put(f"{path}/columns", {"columns": ["sku"]})]
    asked.append(mallory.post(f"{path}/steps", {"step": "start"}))
    assert [one.status_code for one in asked] == [404] * 4
    assert lead.get(path).status_code == 200


def test_imports_are_listed_page_by_page_to_who_may_import_their_kind_for_their_brand(
    lead: Caller, mallory: Caller, world: World, db_session: Session
) -> None:
    ids = [upload(lead, f"Nummer;Wat\nWB-{number};Wallbox\n", "articles").json["id"] for number in range(3)]
    ids.append(upload(lead, order_file(GOOD.format(n=1))).json["id"])
    worked_on(lead, ids[0])
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = lead.get(f"/imports?limit=3{cursor and '&cursor='}{cursor}").json or {}
        found, cursor = [*found, *page["items"]], page["next_cursor"]
    assert [one["id"] for one in found] == ids[::-1], "the newest first"
    assert (found[-1]["phase"], found[-1]["brand"], found[-1]["is_running"]) == ("unreadable", world.brand.key, False)

    def listed(caller: Caller, query: str) -> list[str]:
        return [one["id"] for one in (caller.get(f"/imports?{query}").json or {})["items"]]

    assert listed(lead, "kind=orders") == ids[3:]
    assert listed(lead, "phase=unreadable&kind=articles") == ids[:1]
    assert listed(lead, f"brand={world.brand.key}&sort=created_at") == ids
    assert listed(lead, f"brand={world.other_brand.key}") == []
    for refused in ("kind=people", "cursor=5", "sort=name"):
        assert lead.get(f"/imports?{refused}").status_code == 422, refused
    db_session.execute(sa.update(User).where(User.id == world.mallory.id).values(role=Role.LEAD))
    made(db_session, world, Role.AGENT)
    assert listed(mallory, "") == []
    assert lead.get("/imports").status_code == 403
