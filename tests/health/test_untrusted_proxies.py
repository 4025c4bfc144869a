"""Behind a proxy on the same machine that no setting names: its callers are neither this machine nor one and the same caller."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.accounts.throttle import FREE_TRIES
from tests.factories import make_user
from tests.support.signing_in import csrf_token

HANDED_ON = [
    {"X-Forwarded-Proto": "https"},
    {"Forwarded": "for=127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Via": "1.1 front"},
]


@pytest.mark.parametrize("headers", HANDED_ON, ids=lambda headers: "-".join(headers))
def test_numbers_are_not_for_what_a_proxy_hands_on(client: FlaskClient, headers: dict[str, str]) -> None:
    assert client.get("/metrics", headers=headers).status_code == 403
    assert client.get("/metrics").status_code == 200


def sign_in(app: Flask, *, by: str, email: str = "nobody@switchyard.example", **environ: str) -> int:
    client = app.test_client()
    form = {"csrf_token": csrf_token(client), "email": email, "password": "guessed"}
    return client.post("/sign-in", data=form, headers={"X-Forwarded-For": by}, environ_base=environ).status_code


def test_who_guesses_through_a_proxy_keeps_nobody_else_out(app: Flask, db_session: Session) -> None:
    make_user(db_session, "Alice")
    db_session.commit()
    tries = [sign_in(app, by="198.51.100.1, 203.0.113.9", email=f"{n}@x.example") for n in range(FREE_TRIES["address"] + 1)]
    assert tries[-1] == 429
    assert sign_in(app, by="203.0.113.9, 203.0.113.10", email="alice@switchyard.example") == 422  # a try like any other


def test_what_somebody_elsewhere_says_of_themselves_changes_nothing(app: Flask, db_session: Session) -> None:
    tries = [
        sign_in(app, by=f"203.0.113.{n}", email=f"{n}@x.example", REMOTE_ADDR="198.51.100.7")
        for n in range(FREE_TRIES["address"] + 1)
    ]
    assert tries[-1] == 429
