"""Sessions: a row decides, on every request; what ends one ends it at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.domain.accounts.models import Role, User, UserSession
from app.domain.accounts.passwords import hash_password
from app.domain.accounts.sessions import LIMITS, ON_THE_ROAD
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import csrf_token, post, sign_in

PASSWORD = "four words for alice"


@pytest.fixture
def alice(app: Flask, db_session: Session) -> User:
    brand = make_brand(db_session)
    user = make_user(db_session, brands=(brand,), password_hash=hash_password(PASSWORD))
    make_user(db_session, "Root", role=Role.ADMIN)
    db_session.commit()
    return user


def is_in(client: FlaskClient) -> bool:
    return client.get("/settings/profile").status_code == 200


def set_session(session: Session, **values: datetime) -> None:
    session.execute(sa.update(UserSession).values(**values))
    session.commit()


def test_who_is_looking_costs_one_query(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    with counted_queries(app) as queries:
        client.get("/live/sequence")
    assert sum("user_sessions" in q for q in queries) == 1
    assert len(queries) <= 2


def test_a_page_without_the_cookie_asks_the_database_nothing(app: Flask, client: FlaskClient) -> None:
    with counted_queries(app) as queries:
        client.get("/sign-in")
    assert queries == []


def test_a_session_ends_after_eight_hours_without_use(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    set_session(db_session, last_seen_at=utc_now() - LIMITS.idle + timedelta(minutes=2))
    assert is_in(client)
    set_session(db_session, last_seen_at=utc_now() - LIMITS.idle - timedelta(seconds=1))
    assert not is_in(client)


def test_a_session_ends_after_seven_days_however_busy(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    row = db_session.execute(sa.select(UserSession)).scalar_one()
    assert row.expires_at - row.created_at == LIMITS.absolute
    set_session(db_session, expires_at=utc_now() - timedelta(seconds=1), last_seen_at=utc_now())
    assert not is_in(client)


def test_a_technician_stays_signed_in_over_a_weekend(client: FlaskClient, alice: User, db_session: Session) -> None:
    alice.role = Role.TECHNICIAN
    sign_in(client, db_session, alice)
    row = db_session.execute(sa.select(UserSession)).scalar_one()
    assert row.expires_at - row.created_at == ON_THE_ROAD.absolute == timedelta(days=30)
    for idle, expected in ((timedelta(hours=71), True), (timedelta(hours=73), False)):
        set_session(db_session, last_seen_at=utc_now() - idle)
        assert is_in(client) is expected
    set_session(db_session, last_seen_at=utc_now())
    assert "after 72 hours without use" in client.get("/settings/security").text


def test_use_is_noted_at_most_once_a_minute(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    just_now = utc_now() - timedelta(seconds=10)
    set_session(db_session, last_seen_at=just_now)
    is_in(client)
    assert db_session.execute(sa.select(UserSession.last_seen_at)).scalar_one() == just_now
    set_session(db_session, last_seen_at=utc_now() - timedelta(seconds=70))
    is_in(client)
    assert utc_now() - db_session.execute(sa.select(UserSession.last_seen_at)).scalar_one() < timedelta(seconds=60)


def test_the_database_holds_no_token_that_would_open_a_session(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    with client.session_transaction() as cookie:
        token = cookie["session_token"]
    assert len(token) >= 43
    row = db_session.execute(sa.text("SELECT user_sessions::text FROM user_sessions")).scalar_one()
    assert token not in row
    assert token.encode().hex() not in row


@pytest.mark.parametrize("token", ["", "x", None, 7, "A" * 43, ["a"]])
def test_a_made_up_token_is_nobody(client: FlaskClient, alice: User, db_session: Session, token: object) -> None:
    sign_in(client, db_session, alice)
    with client.session_transaction() as cookie:
        cookie["session_token"] = token
    assert not is_in(client)


def test_one_session_can_be_ended_from_another(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    phone = sign_in(app.test_client(), db_session, alice)
    phones_row = db_session.execute(sa.select(UserSession.id).order_by(UserSession.created_at.desc()).limit(1)).scalar_one()
    assert post(client, f"/settings/sessions/{phones_row}/revocation").status_code == 303
    assert is_in(client)
    assert not is_in(phone)


def test_nobody_can_end_somebody_elses_session(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    mallory = sign_in(app.test_client(), db_session, make_user(db_session, "Mallory"))
    alices_row = db_session.execute(sa.select(UserSession.id).where(UserSession.user_id == alice.id)).scalar_one()
    post(mallory, f"/settings/sessions/{alices_row}/revocation")
    assert is_in(client)


def test_sign_out_everywhere_else_keeps_this_browser(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    others = [sign_in(app.test_client(), db_session, alice) for _ in range(3)]
    sign_in(client, db_session, alice)
    post(client, "/settings/sessions/revocation")
    assert is_in(client)
    assert not any(is_in(other) for other in others)
    actions = db_session.execute(sa.select(AuditEntry.action)).scalars().all()
    assert actions == ["SessionsEnded"]


def test_a_new_password_ends_the_other_sessions(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    phone = sign_in(app.test_client(), db_session, alice)
    sign_in(client, db_session, alice)
    new = "other words for alice"
    answer = post(client, "/settings/password", {"current": PASSWORD, "new": new, "again": new})
    assert answer.status_code == 303
    assert is_in(client)
    assert not is_in(phone)


def test_disabling_somebody_ends_their_sessions_at_once(
    app: Flask, client: FlaskClient, alice: User, db_session: Session
) -> None:
    sign_in(client, db_session, alice)
    root = sign_in(app.test_client(), db_session, db_session.execute(sa.select(User).where(User.name == "Root")).scalar_one())
    post(root, f"/settings/people/{alice.id}/disabling")
    assert not is_in(client)


def test_a_disabled_row_counts_even_if_the_session_row_was_left(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    db_session.execute(sa.update(User).where(User.id == alice.id).values(disabled_at=utc_now()))
    db_session.commit()
    assert not is_in(client)


def test_a_new_role_ends_the_sessions(app: Flask, client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    root = sign_in(app.test_client(), db_session, db_session.execute(sa.select(User).where(User.name == "Root")).scalar_one())
    post(root, f"/settings/people/{alice.id}", {"name": "Alice", "role": "lead"})
    assert not is_in(client)


def test_the_password_page_says_what_is_wrong(page_client: PageClient, alice: User, db_session: Session) -> None:
    sign_in(page_client.plain, db_session, alice)
    for data, words in (
        ({"current": "", "new": "x", "again": "x"}, "Enter your current password."),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "Use at least 12 characters"),
        ({"current": PASSWORD, "new": "other words for me", "again": "another word for me"}, "do not match"),
        (
            {"current": "not my password", "new": "other words for me", "again": "other words for me"},
            "Wrong password.",
        ),
        ({"current": PASSWORD, "new": "alice alice 2026", "again": "alice alice 2026"}, "too easy to guess"),
    ):
        answer = page_client.post("/settings/password", data={**data, "csrf_token": csrf_token(page_client.plain)})
        assert answer.status_code == 422, words
        assert words in answer.text
        assert PASSWORD not in answer.text


def test_guessing_the_present_password_on_the_form_is_slowed_down(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    new = {"new": "other words for me", "again": "other words for me"}
    answers = []
    while 429 not in answers:  # a slow machine needs the first second for a try; each next delay is twice as long
        answers.append(post(client, "/settings/password", {"current": f"guess {len(answers)}", **new}).status_code)
        assert len(answers) < 15
    assert answers[:5] == [422] * 5


def test_the_cookie_is_for_this_site_and_not_for_scripts(client: FlaskClient, alice: User, db_session: Session) -> None:
    data = {"email": alice.email, "password": PASSWORD, "csrf_token": csrf_token(client)}
    cookie = client.post("/sign-in", data=data).headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


def test_over_https_the_cookie_is_bound_to_this_very_host(settings: Settings) -> None:
    client = create_app(replace(settings, public_url="https://inbox.example")).test_client()
    cookie = client.get("/sign-in", base_url="https://inbox.example").headers["Set-Cookie"]
    assert cookie.startswith("__Host-switchyard=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
