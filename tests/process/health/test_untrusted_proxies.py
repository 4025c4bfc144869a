"""Behind a proxy on the same machine that no setting names: its callers are neither this machine nor one and the same caller."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.domain.accounts.models import LoginThrottle
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


def counted(session: Session) -> dict[str, int]:
    """Tries by the address they were counted against."""
    query = sa.select(LoginThrottle.key, LoginThrottle.failures).where(LoginThrottle.key.startswith("address:"))
    return {key.removeprefix("address:"): failures for key, failures in session.execute(query)}


def test_who_guesses_through_a_proxy_is_counted_apart_from_the_others_behind_it(app: Flask, db_session: Session) -> None:
    for by in ("198.51.100.1, 203.0.113.9", "203.0.113.10, 203.0.113.9", "203.0.113.9, 203.0.113.10"):
        assert sign_in(app, by=by, email=f"{by[-3:]}@x.example") == 422
    assert counted(db_session) == {"203.0.113.9": 2, "203.0.113.10": 1}  # what the proxy itself added, not what was there before


def test_what_somebody_elsewhere_says_of_themselves_changes_nothing(app: Flask, db_session: Session) -> None:
    for number in range(3):
        sign_in(app, by=f"203.0.113.{number}", email=f"{number}@x.example", REMOTE_ADDR="198.51.100.7")
    assert counted(db_session) == {"198.51.100.7": 3}
