"""Brands and teams on their pages: made, changed, archived by administrators."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Role, Team, TeamMember, User
from app.domain.brands.queries import list_brand_rows
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

WHOLE = {"name": "Zonplus", "order_prefix": "zp", "hue": "3", "language": "fr", "others": ["nl", "fr"], "country": "BE"}
WHOLE |= {"timezone": "Europe/Brussels", "email_signature": "Cordialement,\nZonplus"}


@pytest.fixture
def root(page_client: PageClient, db_session: Session) -> User:
    user = make_user(db_session, "Root", role=Role.ADMIN)
    sign_in(page_client.plain, db_session, user)
    return user


def post(client: PageClient, path: str, **data: object) -> int:
    answer = client.plain.post(path, data={**data, "csrf_token": csrf_token(client.plain)})
    return int(answer.status_code)


def test_a_brand_is_made_shown_changed_and_archived(page_client: PageClient, root: User, db_session: Session) -> None:
    assert "No brands yet" in page_client.get("/settings/brands").text
    page_client.get("/settings/brands/new")
    assert post(page_client, "/settings/brands", **WHOLE) == 303
    brand = db_session.execute(sa.select(Brand)).scalar_one()
    (row,) = list_brand_rows(db_session, [brand.id])
    assert (row.content.order_prefix, row.content.languages, row.content.country) == ("ZP", ("fr", "nl"), "BE")
    path = f"/settings/brands/{brand.id}"
    assert "Cordialement" in page_client.get(path).text
    assert post(page_client, path, **{**WHOLE, "name": "Zon Plus", "hue": "1"}) == 303
    db_session.refresh(brand)
    assert (brand.name, brand.hue, brand.key) == ("Zon Plus", 1, "zonplus")
    assert post(page_client, f"{path}/archiving") == 303
    assert "Archived" in page_client.get("/settings/brands").text
    assert post(page_client, f"{path}/restoring") == 303
    db_session.refresh(brand)
    assert brand.archived_at is None


@pytest.mark.parametrize(
    "field, value", [("name", ""), ("order_prefix", "1"), ("timezone", "Mars"), ("hue", "9"), ("country", "X")]
)
def test_a_wrong_brand_is_explained_at_its_field(page_client: PageClient, root: User, field: str, value: str) -> None:
    answer = page_client.plain.post("/settings/brands", data={**WHOLE, field: value, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text


def test_a_team_is_made_filled_and_archived(page_client: PageClient, root: User, db_session: Session) -> None:
    alice = make_user(db_session)
    db_session.commit()
    page_client.get("/settings/teams/new")
    assert post(page_client, "/settings/teams", name="Service", people=[str(alice.id)]) == 303
    assert post(page_client, "/settings/teams", name="service") == 422
    team = db_session.execute(sa.select(Team)).scalar_one()
    path = f"/settings/teams/{team.id}"
    assert "checked" in page_client.get(path).text
    assert post(page_client, path, name="Desk", people=[str(alice.id), str(root.id)]) == 303
    assert db_session.execute(sa.select(sa.func.count()).select_from(TeamMember)).scalar_one() == 2
    assert post(page_client, f"{path}/archiving") == 303
    assert "This team is archived." in page_client.get(path).text
    assert post(page_client, f"{path}/restoring") == 303
    db_session.refresh(team)
    assert (team.name, team.archived_at) == ("Desk", None)
