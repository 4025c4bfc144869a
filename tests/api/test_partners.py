"""/partners: administrators add and change who may post orders; a key is in the answer that made it alone."""

from __future__ import annotations

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.accounts.models import Role
from tests.api.conftest import Caller, World, make_token
from tests.factories import make_user


def test_a_partner_is_added_changed_and_given_keys(client: FlaskClient, db_session: Session, world: World) -> None:
    root = Caller(client, make_token(db_session, make_user(db_session, "Root", role=Role.ADMIN)))
    made = root.post("/partners", {"name": "Groendus", "brand": world.brand.key})
    assert (made.status_code, made.json["slug"], made.json["is_active"]) == (201, "groendus", True)  # type: ignore[index]
    path = f"/partners/{made.json['id']}"  # type: ignore[index]
    changed = root.patch(
        path, {"allowed_networks": ["203.0.113.9/24"], "is_active": False}, headers={"If-Match": made.headers["ETag"]}
    )
    assert (changed.json["allowed_networks"], changed.json["is_active"]) == (["203.0.113.0/24"], False)  # type: ignore[index]
    assert root.patch(path, {}, headers={"If-Match": made.headers["ETag"]}).status_code == 412
    wrong = root.patch(path, {"status_mapping": {"chargecars_to_partner": {"lost": "X"}}})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "status_mapping")  # type: ignore[index]
    key = root.post(f"{path}/keys", {"name": "Export"})
    assert (key.status_code, key.json["api_key"][:9]) == (201, "swp_test_")  # type: ignore[index]
    (listed,) = root.get(f"{path}/keys").json["items"]  # type: ignore[index]
    assert (listed["api_key"], listed["shown"]) == (None, key.json["shown"])  # type: ignore[index]
    assert root.post("/partners", {"name": "Groendus", "brand": world.brand.key}).status_code == 422
    assert [one["slug"] for one in root.get("/partners").json["items"]] == ["groendus"]  # type: ignore[index]
