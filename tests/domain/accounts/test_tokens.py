"""API tokens: whom they speak for, what they may, when they stop."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.domain.accounts.models import ApiToken, Role, User
from app.domain.accounts.passwords import hash_password
from app.domain.accounts.tokens import UnknownScope, create_token, revoke_token, viewer_from_bearer
from app.domain.events.actions import SYSTEM
from app.domain.events.models import AuditEntry
from tests.factories import NOW, make_brand, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import csrf_token, post, sign_in

PASSWORD = "four words for alice"


@pytest.fixture
def alice(app: Flask, db_session: Session) -> User:
    user = make_user(db_session, brands=(make_brand(db_session),), password_hash=hash_password(PASSWORD))
    make_brand(db_session, "laderthuis")
    db_session.commit()
    return user


def bearer(session: Session, user: User, *scopes: str) -> tuple[ApiToken, str]:
    token, text = create_token(session, user, name="export", scopes=scopes, now=NOW)
    return token, f"Bearer {text}"


def test_a_token_speaks_for_its_user_with_their_brands_and_its_scopes(db_session: Session, alice: User) -> None:
    _, header = bearer(db_session, alice, "threads:read", "search:read")
    viewer = viewer_from_bearer(db_session, header, now=NOW, ip="203.0.113.9")
    assert viewer is not None
    assert (viewer.user_id, viewer.role, viewer.ip) == (alice.id, Role.AGENT, "203.0.113.9")
    assert len(viewer.brand_ids) == 1
    assert viewer.scopes == frozenset({"threads:read", "search:read"})


def test_a_token_for_everything_has_no_scopes_to_check(db_session: Session, alice: User) -> None:
    viewer = viewer_from_bearer(db_session, bearer(db_session, alice)[1], now=NOW)
    assert viewer is not None
    assert viewer.scopes is None


def test_who_a_token_speaks_for_costs_one_query(app: Flask, db_session: Session, alice: User) -> None:
    token, header = bearer(db_session, alice)
    token.last_used_at = NOW
    db_session.flush()
    with counted_queries(app) as queries:
        viewer_from_bearer(db_session, header, now=NOW)
    assert len(queries) == 1


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer swy_",
        "Bearer swy_" + "A" * 43,
        "Basic swy_x",
        "swy_x",
        "Bearer null",
        "Bearer \x00",
    ],
)
def test_a_header_without_a_real_token_speaks_for_nobody(db_session: Session, alice: User, header: str | None) -> None:
    bearer(db_session, alice)
    assert viewer_from_bearer(db_session, header, now=NOW) is None


def test_a_token_stops_when_revoked_when_expired_and_when_its_user_is_disabled(db_session: Session, alice: User) -> None:
    revoked, revoked_header = bearer(db_session, alice)
    revoke_token(db_session, revoked, now=NOW, actor=SYSTEM)
    expired, expired_header = bearer(db_session, alice)
    expired.expires_at = NOW
    _, header = bearer(db_session, alice)
    db_session.flush()
    assert viewer_from_bearer(db_session, header, now=NOW) is not None
    assert viewer_from_bearer(db_session, revoked_header, now=NOW) is None
    assert viewer_from_bearer(db_session, expired_header, now=NOW) is None
    alice.disabled_at = NOW
    db_session.flush()
    assert viewer_from_bearer(db_session, header, now=NOW) is None


def test_its_use_is_noted_at_most_once_a_minute(db_session: Session, alice: User) -> None:
    token, header = bearer(db_session, alice)
    viewer_from_bearer(db_session, header, now=NOW)
    viewer_from_bearer(db_session, header, now=NOW + timedelta(seconds=59))
    assert token.last_used_at == NOW
    viewer_from_bearer(db_session, header, now=NOW + timedelta(seconds=61))
    assert token.last_used_at == NOW + timedelta(seconds=61)


def test_the_database_holds_no_text_of_a_token(db_session: Session, alice: User) -> None:
    token, header = bearer(db_session, alice)
    db_session.flush()
    text = header.removeprefix("Bearer ")
    assert len(text) >= 47
    row = db_session.execute(sa.text("SELECT api_tokens::text FROM api_tokens")).scalar_one()
    assert text not in row
    assert token.prefix == text[:12]


def test_a_scope_that_does_not_exist_is_refused_with_the_list_of_those_that_do(db_session: Session, alice: User) -> None:
    with pytest.raises(UnknownScope, match="threads:read"):
        bearer(db_session, alice, "threads:destroy")


def test_a_token_is_made_on_the_page_with_the_password_and_shown_once(
    page_client: PageClient, db_session: Session, alice: User
) -> None:
    sign_in(page_client.plain, db_session, alice)
    form = {"name": "nightly export", "scopes": ["threads:read"], "days": "30", "password": PASSWORD}
    answer = page_client.post("/settings/tokens", data={**form, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 201
    text = answer.text.split('id="made-token"')[1].split(">")[1].split("<")[0]
    assert viewer_from_bearer(db_session, f"Bearer {text}", now=utc_now()) is not None
    assert text not in page_client.get("/settings/tokens").text
    token = db_session.execute(sa.select(ApiToken)).scalar_one()
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - utc_now() <= timedelta(days=30)
    assert "ApiTokenCreated" in db_session.execute(sa.select(AuditEntry.action)).scalars().all()


@pytest.mark.parametrize(
    "change, words",
    [
        ({"password": "not my password"}, "Wrong password."),
        ({"password": ""}, "Enter your password."),
        ({"name": ""}, "Say what the token is for."),
        ({"scopes": []}, "Choose at least one permission"),
        ({"scopes": ["*"]}, "Choose one from the list."),
        ({"days": "99999"}, "Choose one from the list."),
    ],
)
def test_the_page_makes_no_token_from_a_wrong_form(
    page_client: PageClient, db_session: Session, alice: User, change: dict[str, object], words: str
) -> None:
    sign_in(page_client.plain, db_session, alice)
    form = {"name": "nightly export", "scopes": ["threads:read"], "days": "30", "password": PASSWORD, **change}
    answer = page_client.post("/settings/tokens", data={**form, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 422
    assert words in answer.text
    assert db_session.execute(sa.select(sa.func.count(ApiToken.id))).scalar_one() == 0


def test_nobody_sees_or_ends_somebody_elses_token(client: FlaskClient, db_session: Session, alice: User) -> None:
    token, header = bearer(db_session, alice)
    db_session.commit()
    sign_in(client, db_session, make_user(db_session, "Mallory"))
    assert token.prefix not in client.get("/settings/tokens").text
    assert post(client, f"/settings/tokens/{token.id}/revocation").status_code == 404
    assert viewer_from_bearer(db_session, header, now=NOW) is not None


def test_its_owner_ends_a_token(client: FlaskClient, db_session: Session, alice: User) -> None:
    token, header = bearer(db_session, alice)
    db_session.commit()
    sign_in(client, db_session, alice)
    assert post(client, f"/settings/tokens/{token.id}/revocation").status_code == 303
    db_session.expire_all()
    assert viewer_from_bearer(db_session, header, now=NOW) is None
