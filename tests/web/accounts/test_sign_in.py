"""Signing in: who gets in, what the answers give away, where they lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.domain.accounts.models import LoginThrottle, User, UserSession
from app.domain.accounts.passwords import hash_password
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

PASSWORD = "four words for alice"


@pytest.fixture
def alice(app: Flask, db_session: Session) -> User:
    user = make_user(db_session, brands=(make_brand(db_session),), password_hash=hash_password(PASSWORD))
    db_session.commit()
    return user


def guess_until_refused(client: FlaskClient, email: Callable[[int], str]) -> list[TestResponse]:
    """All answers, the refusal last. The first delay is a second, which a slow machine may need for a try; each next one is twice
    as long."""
    answers = [submit(client, email(0), "guess number 0")]
    while answers[-1].status_code != 429:
        assert len(answers) < 30
        answers.append(submit(client, email(len(answers)), f"guess number {len(answers)}"))
    return answers


def submit(client: FlaskClient, email: str, password: str, next_page: str = "") -> TestResponse:
    data = {"email": email, "password": password, "next": next_page, "csrf_token": csrf_token(client)}
    return client.post("/sign-in", data=data)


def test_the_right_password_lets_in_and_leads_to_the_inbox(client: FlaskClient, alice: User) -> None:
    answer = submit(client, alice.email, PASSWORD)
    assert (answer.status_code, answer.location) == (303, "/")
    assert client.get("/settings/profile").status_code == 200


def test_the_address_is_taken_in_any_case_and_with_spaces_around(client: FlaskClient, alice: User) -> None:
    assert submit(client, f"  {alice.email.upper()} ", PASSWORD).status_code == 303


def test_a_sign_in_and_a_failed_one_are_audited_without_the_address(
    client: FlaskClient, alice: User, db_session: Session
) -> None:
    submit(client, alice.email, "wrong wrong wrong")
    submit(client, alice.email, PASSWORD)
    entries = db_session.execute(sa.select(AuditEntry).order_by(AuditEntry.at)).scalars().all()
    assert [(e.action, e.object_id) for e in entries] == [("SignInFailed", str(alice.id)), ("SignedIn", str(alice.id))]
    assert all(alice.email not in str(e.detail) for e in entries)


def test_unknown_wrong_disabled_and_without_password_look_the_same(client: FlaskClient, alice: User, db_session: Session) -> None:
    gone = make_user(db_session, "Gone", password_hash=hash_password(PASSWORD))
    gone.disabled_at = utc_now()
    never = make_user(db_session, "Never")
    db_session.commit()
    tries = (("nobody@switchyard.example", PASSWORD), (alice.email, "not it at all"), (gone.email, PASSWORD), (never.email, ""))
    tries = (*tries[:3], (never.email, "anything at all"))
    texts = set()
    for email, password in tries:
        answer = submit(client, email, password)
        assert answer.status_code == 422
        texts.add(answer.text.replace(email, "").replace(csrf_of(answer), ""))
    assert len({strip_nonces(text) for text in texts}) == 1


def test_an_unknown_account_costs_a_hash_like_a_known_one(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, not timed: each answer verifies exactly one argon2 hash."""
    import app.domain.accounts.passwords as passwords

    counts: list[str] = []

    class Counting:
        def verify(self, known: str, password: str) -> bool:
            counts.append(known)
            return original.verify(known, password)

        def __getattr__(self, name: str) -> object:
            return getattr(original, name)

    original = passwords._hasher
    monkeypatch.setattr(passwords, "_hasher", Counting())
    submit(client, "nobody@switchyard.example", PASSWORD)
    submit(client, alice.email, "not it at all")
    assert len(counts) == 2
    assert {c.split("$")[3] for c in counts} == {"m=19456,t=2,p=1"}


def test_the_form_says_which_field_is_missing_and_keeps_the_address(page_client: PageClient, alice: User) -> None:
    token = page_client.csrf_token("/sign-in")
    answer = page_client.post("/sign-in", data={"email": alice.email, "password": "", "csrf_token": token})
    assert answer.status_code == 422
    assert "Enter your password." in answer.text
    assert alice.email in answer.text


@pytest.mark.parametrize(
    "away",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/%09/evil.example\n",
        "javascript:alert(1)",
        "///evil.example",
        "evil.example",
        "http:evil.example",
        " //evil.example",
    ],
)
def test_signing_in_never_leads_to_another_site(client: FlaskClient, alice: User, away: str) -> None:
    assert submit(client, alice.email, PASSWORD, away).location == "/"
    assert client.get("/sign-in", query_string={"next": away}).location == "/"


def test_signing_in_leads_back_to_the_page_asked_for(client: FlaskClient, alice: User) -> None:
    asked = client.get("/settings/tokens?x=1")
    assert (asked.status_code, asked.location) == (303, "/sign-in?next=/settings/tokens?x%3D1")
    assert submit(client, alice.email, PASSWORD, "/settings/tokens?x=1").location == "/settings/tokens?x=1"


def test_a_part_of_a_page_asked_for_by_htmx_sends_the_whole_browser_to_sign_in(client: FlaskClient) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://localhost/threads/7?a=b"}
    answer = client.get("/settings/profile", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["HX-Redirect"] == "/sign-in?next=/threads/7?a%3Db"


def test_a_post_without_the_token_is_refused(client: FlaskClient, alice: User) -> None:
    answer = client.post("/sign-in", data={"email": alice.email, "password": PASSWORD})
    assert answer.status_code == 400
    assert "Please send the form again" in answer.text


def test_a_post_from_another_sites_page_is_refused_even_with_a_token(
    client: FlaskClient, alice: User, db_session: Session
) -> None:
    sign_in(client, db_session, alice)
    data = {"csrf_token": csrf_token(client)}
    assert client.post("/sign-out", data=data, headers={"Origin": "https://evil.example"}).status_code == 400
    assert client.post("/sign-out", data=data, headers={"Origin": "null"}).status_code == 400
    assert client.post("/sign-out", data=data, headers={"Origin": "http://localhost"}).status_code == 303


def test_signing_in_forgets_what_the_browser_carried_before(client: FlaskClient, alice: User) -> None:
    with client.session_transaction() as cookie:
        cookie["planted"] = "by somebody else"
    submit(client, alice.email, PASSWORD)
    with client.session_transaction() as cookie:
        assert "planted" not in cookie


def test_signing_out_ends_the_session_row_and_a_copied_cookie(
    client: FlaskClient, alice: User, db_session: Session, app: Flask
) -> None:
    sign_in(client, db_session, alice)
    thief = app.test_client()
    thief.set_cookie("switchyard", client.get_cookie("switchyard").value)  # type: ignore[union-attr]
    assert thief.get("/settings/profile").status_code == 200
    client.post("/sign-out", data={"csrf_token": csrf_token(client)})
    assert thief.get("/settings/profile").status_code == 303
    assert db_session.execute(sa.select(UserSession.revoked_at)).scalar_one() is not None


def test_signing_out_needs_a_post(client: FlaskClient, alice: User, db_session: Session) -> None:
    sign_in(client, db_session, alice)
    assert client.get("/sign-out").status_code == 405
    assert client.get("/settings/profile").status_code == 200


def test_guessing_gets_slower_and_says_how_long_to_wait(client: FlaskClient, alice: User) -> None:
    answers = guess_until_refused(client, lambda n: alice.email)
    assert [a.status_code for a in answers[:5]] == [422] * 5
    assert int(answers[-1].headers["Retry-After"]) >= 1
    assert "too many attempts" in answers[-1].text.lower()


def test_the_right_password_has_to_wait_too_while_the_account_is_being_guessed_at(
    client: FlaskClient, alice: User, db_session: Session
) -> None:
    guess_until_refused(client, lambda n: alice.email)
    db_session.execute(sa.update(LoginThrottle).values(blocked_until=utc_now() + timedelta(minutes=1)))
    db_session.commit()
    assert submit(client, alice.email, PASSWORD).status_code == 429


def test_an_unknown_account_is_slowed_down_just_the_same(client: FlaskClient) -> None:
    answers = guess_until_refused(client, lambda n: "nobody@switchyard.example")
    assert [a.status_code for a in answers[:5]] == [422] * 5


def test_one_address_trying_many_accounts_gets_slower_too(client: FlaskClient) -> None:
    answers = guess_until_refused(client, lambda n: f"user{n}@switchyard.example")
    assert [a.status_code for a in answers[:20]] == [422] * 20


@pytest.mark.parametrize(("kind", "who", "last"), [("account", "nobody", 5), ("address", "user{n}", 20)])
def test_the_wait_begins_with_this_try_and_not_before(
    client: FlaskClient, db_session: Session, kind: str, who: str, last: int
) -> None:
    waits = sa.select(LoginThrottle.blocked_until).where(
        LoginThrottle.key.startswith(kind), LoginThrottle.blocked_until.is_not(None)
    )
    for n in range(last):
        assert db_session.execute(waits).all() == []
        submit(client, f"{who.format(n=n)}@switchyard.example", f"guess number {n}")
    assert len(db_session.execute(waits).all()) == 1


def test_nobody_is_kept_out_longer_than_a_minute_by_others_guessing(
    client: FlaskClient, alice: User, db_session: Session
) -> None:
    submit(client, alice.email, "guess")
    db_session.execute(
        sa.update(LoginThrottle).where(LoginThrottle.key == f"account:{alice.email}").values(failures=5000, blocked_until=None)
    )
    db_session.commit()
    submit(client, alice.email, "guess")
    until = db_session.execute(sa.select(LoginThrottle.blocked_until).where(LoginThrottle.failures > 4000)).scalar_one()
    assert until is not None
    assert until - utc_now() <= timedelta(seconds=60)


def test_a_right_password_forgets_the_wrong_ones_of_the_account_but_not_of_the_address(
    client: FlaskClient, alice: User, db_session: Session
) -> None:
    for n in range(3):
        submit(client, alice.email, f"guess number {n}")
    submit(client, alice.email, PASSWORD)
    left = {row.key: row.failures for row in db_session.execute(sa.select(LoginThrottle)).scalars()}
    assert left == {"address:127.0.0.1": 3}


def test_an_old_hash_is_renewed_at_sign_in(client: FlaskClient, alice: User, db_session: Session) -> None:
    from argon2 import PasswordHasher

    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    db_session.execute(sa.update(User).values(password_hash=weak))
    db_session.commit()
    assert submit(client, alice.email, PASSWORD).status_code == 303
    assert "m=19456,t=2,p=1" in db_session.execute(sa.select(User.password_hash)).scalar_one()  # type: ignore[operator]


@pytest.mark.parametrize(
    "email",
    ["alice@x.example\r\nBcc: evil@example.com", "alice\x00@x.example", "' OR 1=1 --", "<script>alert(1)</script>", "a" * 5000],
)
def test_odd_addresses_are_answered_quietly(page_client: PageClient, alice: User, email: str) -> None:
    token = page_client.csrf_token("/sign-in")
    answer = page_client.post("/sign-in", data={"email": email, "password": PASSWORD, "csrf_token": token})
    assert answer.status_code == 422
    assert "<script>alert(1)" not in answer.text
    assert "Bcc" not in answer.headers


def csrf_of(answer: TestResponse) -> str:
    return answer.text.split('name="csrf_token" value="')[1].split('"')[0]


def strip_nonces(text: str) -> str:
    import re

    return re.sub(r'nonce="[^"]*"|X-CSRFToken": "[^"]*"|value="[^"]{60,}"|value="[^"]*@[^"]*"', "", text)
