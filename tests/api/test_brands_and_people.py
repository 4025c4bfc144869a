"""Brands, teams and users: made, renamed, archived by administrators; programs see the same as people."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role
from app.domain.accounts.tokens import create_token
from tests.api.conftest import Caller, World
from tests.factories import NOW, make_user


@pytest.fixture
def root(app: Flask, db_session: Session, world: World) -> Caller:
    """An administrator."""
    user = make_user(db_session, "Root", role=Role.ADMIN)
    text = create_token(db_session, user, name="test", scopes=(), now=NOW)[1]
    db_session.commit()
    return Caller(app.test_client(), text)


def made(answer: Any) -> Any:
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_brand_is_made_read_changed_and_archived(root: Caller) -> None:
    brand = made(root.post("/brands", {"name": "Zonplus", "colour": 4, "languages": ["fr", "nl"], "country": "BE"}))
    path = f"/brands/{brand['id']}"
    assert (brand["key"], brand["order_prefix"], brand["is_archived"]) == ("zonplus", "ZO", False)
    shown = root.get(path)
    assert shown.json == brand
    stale = shown.headers["ETag"]
    changed = root.patch(path, {"name": "Zon Plus"}, headers={"If-Match": stale}).json
    assert changed == {**brand, "name": "Zon Plus"}
    assert root.put(path, {"colour": 1}, headers={"If-Match": stale}).status_code == 412
    assert root.patch(path, {"is_archived": True}).json["is_archived"]  # type: ignore[index]
    assert brand["id"] in [one["id"] for one in root.get("/brands").json["items"]]  # type: ignore[index]
    assert root.patch(path, {"is_archived": False}).json["archived_at"] is None  # type: ignore[index]


def test_nothing_new_is_made_under_an_archived_brand(root: Caller) -> None:
    brand = made(root.post("/brands", {"name": "Zonplus"}))
    root.patch(f"/brands/{brand['id']}", {"is_archived": True})
    refused = root.post("/tasks", {"task_title": "Bellen", "brand": "zonplus"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "brand")  # type: ignore[index]


def test_a_brand_with_a_channel_in_use_is_not_archived(root: Caller, world: World) -> None:
    refused = root.patch(f"/brands/{world.brand.id}", {"is_archived": True})
    assert (refused.status_code, refused.json["code"]) == (409, "state_conflict")  # type: ignore[index]


@pytest.mark.parametrize(
    "body, field",
    [
        ({"name": " "}, "name"),
        ({"name": "X", "timezone": "Mars"}, "timezone"),
        ({"name": "X", "order_prefix": "x"}, "order_prefix"),
        ({"name": "X", "languages": []}, "languages"),
        ({"name": "X", "country": "XX"}, "country"),
    ],
)
def test_what_a_brand_cannot_be_names_the_field(root: Caller, body: dict[str, Any], field: str) -> None:
    refused = root.post("/brands", body)
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)  # type: ignore[index]


def test_a_user_is_made_changed_and_kept_out(root: Caller, world: World) -> None:
    body = {"email": "sanne@example.nl", "name": "Sanne", "role": "agent", "brands": [world.brand.key]}
    user = made(root.post("/users", body))
    assert "/invitation/" in user.pop("invitation_url")  # told this once
    assert (user["brands"], user["is_active"], user["team_ids"]) == ([world.brand.key], True, [])
    assert root.post("/users", body).status_code == 409
    path = f"/users/{user['id']}"
    team = made(root.post("/teams", {"name": "Service"}))
    changed = root.patch(path, {"role": "lead", "team_ids": [team["id"]]}).json
    assert changed == {**user, "role": "lead", "team_ids": [team["id"]]}
    assert root.put(path, {"is_active": False}).json == {**changed, "is_active": False}  # type: ignore[dict-item]


def test_the_only_administrator_stays(root: Caller) -> None:
    (me,) = root.get("/users?role=admin").json["items"]  # type: ignore[index]
    assert root.patch(f"/users/{me['id']}", {"role": "agent"}).status_code == 409


def test_a_team_is_made_filled_renamed_and_archived(root: Caller, world: World) -> None:
    people = [str(world.alice.contact_id)]
    team = made(root.post("/teams", {"name": "Service", "member_contact_ids": people}))
    path = f"/teams/{team['id']}"
    assert (
        root.get(path).json == team == {"id": team["id"], "name": "Service", "member_contact_ids": people, "is_archived": False}
    )
    assert root.patch(path, {"name": "Desk"}).json["member_contact_ids"] == people  # type: ignore[index]
    archived = root.patch(path, {"is_archived": True}).json
    assert archived == {**team, "name": "Desk", "member_contact_ids": [], "is_archived": True}
    assert root.post("/teams", {"name": "desk"}).status_code == 422


def test_agents_write_none_of_it(alice: Caller, world: World) -> None:
    for path, body in (("/brands", {"name": "X"}), ("/teams", {"name": "X"})):
        assert alice.post(path, body).json["code"] == "forbidden"  # type: ignore[index]
