"""How many calls a token and an address may make, and how whoever makes too many is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.limits import Limits
from app.core.problems import MEDIA_TYPE
from app.core.runtime import EXTENSION, Runtime
from tests.api.conftest import Caller, World, make_token
from tests.support.nowhere import valkey_nowhere

CALLS = 5
WRONG = {"Authorization": "Bearer swy_nobody"}


class Clock:
    """The clock of the limits, which stands still."""

    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def still(app: Flask, clock: Clock) -> Iterator[Flask]:
    """The application with that clock."""
    usual: Runtime = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, limits=Limits(usual.redis, clock=clock))
    yield app
    app.extensions[EXTENSION] = usual


@pytest.fixture
def few(still: Flask) -> Flask:
    """Where a token may call five times a minute, and an address ten times."""
    now: Runtime = still.extensions[EXTENSION]
    still.extensions[EXTENSION] = replace(now, settings=replace(now.settings, api_calls_per_minute=CALLS))
    return still


def test_a_token_is_told_what_is_left_and_then_when_to_come_again(few: Flask, alice: Caller) -> None:
    answers = [alice.get("/contacts") for _ in range(CALLS)]
    assert [answer.status_code for answer in answers] == [200] * CALLS
    assert [answer.headers["RateLimit"].split(";")[1] for answer in answers] == ["r=4", "r=3", "r=2", "r=1", "r=0"]
    assert answers[0].headers["RateLimit-Policy"] == '"token";q=5;w=60'
    refused = alice.get("/contacts")
    assert (refused.status_code, refused.mimetype, refused.headers["Retry-After"]) == (429, MEDIA_TYPE, "12")
    assert refused.json is not None
    assert (refused.json["code"], refused.json["detail"]) == ("quota-exceeded", "Too many requests: wait 12 seconds")


def test_a_refused_call_did_nothing(few: Flask, alice: Caller, clock: Clock) -> None:
    for _ in range(CALLS - 1):
        alice.get("/contacts")
    assert alice.post("/contacts", {"name": "The last"}).status_code == 201
    assert alice.post("/contacts", {"name": "One too many"}).status_code == 429
    clock.now += 60
    page = alice.get("/contacts")
    assert page.json is not None
    assert "One too many" not in [one["name"] for one in page.json["items"]]


def test_spelling_the_header_otherwise_is_no_second_bucket(few: Flask, client: FlaskClient, alice: Caller) -> None:
    spellings = (f"Bearer {alice.token}", f"bearer  {alice.token} ", f"BEARER {alice.token}")
    called = [client.get("/api/v1/contacts", headers={"Authorization": spellings[n % 3]}).status_code for n in range(CALLS + 1)]
    assert called == [200] * CALLS + [429]


def test_many_tokens_of_one_address_share_what_an_address_has(
    few: Flask, client: FlaskClient, world: World, db_session: Session
) -> None:
    callers = [Caller(client, make_token(db_session, world.alice)) for _ in range(4)]
    called = [callers[n % 4].get("/contacts").status_code for n in range(2 * CALLS + 1)]
    assert called == [200] * (2 * CALLS) + [429]
    elsewhere = client.get("/api/v1/contacts", headers=WRONG, environ_base={"REMOTE_ADDR": "203.0.113.9"})
    assert elsewhere.status_code == 401


def test_thirty_wrong_tokens_a_minute_are_answered_and_no_more(still: Flask, client: FlaskClient, alice: Caller) -> None:
    called = [client.get("/api/v1/contacts", headers={"Authorization": f"Bearer swy_{n}"}).status_code for n in range(40)]
    assert called == [401] * 30 + [429] * 10
    assert alice.get("/contacts").status_code == 200  # a neighbour with a right one is let in


def test_without_redis_calls_are_answered(app: Flask, alice: Caller) -> None:
    usual: Runtime = app.extensions[EXTENSION]
    settings = replace(usual.settings, api_calls_per_minute=1)
    app.extensions[EXTENSION] = replace(usual, settings=settings, limits=Limits(valkey_nowhere()))
    try:
        answers = [alice.get("/contacts") for _ in range(3)]
    finally:
        app.extensions[EXTENSION] = usual
    assert [answer.status_code for answer in answers] == [200] * 3
    assert "RateLimit" not in answers[0].headers
