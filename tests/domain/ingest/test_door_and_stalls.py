"""The door and a database that keeps it waiting: whoever posts is told to come again, on every path, and nothing hangs."""

from __future__ import annotations

import io
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app import create_app
from app.config import Settings
from app.core.db import AUTOCOMMIT, autocommitted, db, transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.accounts.tokens import create_token
from app.domain.connections.models import ChannelType
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.notifications import client_state
from tests.domain.ingest.twilio_posts import OURS, TOKEN, Provider
from tests.factories import NOW, make_brand, make_channel, make_user
from tests.hooks.test_door_and_server import END_OTHERS, NUMBER, SECRET, post
from tests.support.database import TestServers, close_connections
from tests.support.served import ServedClient
from tests.support.signing_in import csrf_token, sign_in

# Each of these reads its accounts first; nothing is said of what they then do with a post nobody signed.
DOORS = (
    "/webhooks/whatsapp",
    "/webhooks/sms",
    "/webhooks/sms/status",
    "/webhooks/voice",
    "/webhooks/email/inbound/key",
    "/webhooks/sendgrid/events",
    "/webhooks/outlook",
    "/webhooks/outlook/lifecycle",
    "/webhooks/fillout/key",
    "/webhooks/make/order-created",
)
BODIES = {"/webhooks/outlook": b'{"value": []}', "/webhooks/outlook/lifecycle": b'{"value": []}'}
HANDSHAKE = "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=1&hub.verify_token=x"


def knock(app: Flask, path: str) -> TestResponse:
    return app.test_client().post(path, data=BODIES.get(path, b"{}"), content_type="application/json")


def is_put_off(answer: TestResponse) -> bool:
    return answer.status_code == 503 and answer.headers.get("Retry-After") == "5"


@pytest.fixture
def built(servers: TestServers, settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Makes applications on one database, with other settings than the usual."""
    name, url = servers.new_database()
    apps = []

    def build(**others: object) -> Flask:
        app = create_app(replace(settings, **{"database_url": url, **others}))  # type: ignore[arg-type]
        app.testing, app.test_client_class = True, ServedClient
        app.config["DOOR_CACHE_SECONDS"] = 0
        apps.append(app)
        return app

    yield build
    for app in apps:
        close_connections(app)
    servers.drop_database(name)


def open_channel(app: Flask) -> None:
    with app.app_context(), transaction() as session:
        secrets = {"signing_secret": SECRET}
        make_channel(session, make_brand(session), address=NUMBER, secrets=secrets, keyring=runtime().keyring)


@contextmanager
def locked(app: Flask, *tables: str) -> Iterator[None]:
    """Somebody else holds them for themselves alone."""
    with app.app_context(), db.engine.connect() as other:
        other.execute(sa.text(f"LOCK TABLE {', '.join(tables)} IN ACCESS EXCLUSIVE MODE"))
        yield


def stored(app: Flask) -> int:
    with app.app_context(), transaction() as session:
        return int(session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one())


def test_a_held_lock_puts_a_signed_post_off_and_it_is_stored_when_it_comes_again(built: Callable[..., Flask]) -> None:
    app = built(webhook_db_seconds=1.0)
    open_channel(app)
    with locked(app, "inbound_events"):
        answers = [post(app, "wamid.held"), post(app, "wamid.held"), knock(app, "/webhooks/email/inbound/key")]
        assert all(is_put_off(answer) for answer in answers), answers
    assert post(app, "wamid.held").status_code == 200
    assert stored(app) == 1


def test_no_door_waits_for_a_lock_on_what_it_reads_or_counts(built: Callable[..., Flask]) -> None:
    app = built(webhook_db_seconds=0.2)
    with locked(app, "channels", "integrations"):
        answers = {path: knock(app, path) for path in DOORS}
        answers[HANDSHAKE] = app.test_client().get(HANDSHAKE)
    assert [path for path, answer in answers.items() if not is_put_off(answer)] == []
    with locked(app, "intake_counts"):
        answers = {path: knock(app, path) for path in DOORS if "/email/" not in path}  # which refuses nothing
    assert [path for path, answer in answers.items() if not is_put_off(answer)] == []


def test_a_server_that_takes_the_connection_and_says_nothing_is_not_waited_for(built: Callable[..., Flask]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=20)) as silent:
        port = silent.getsockname()[1]
        app = built(database_url=f"postgresql+psycopg://anybody@127.0.0.1:{port}/nothing", webhook_db_seconds=0.2)
        assert is_put_off(knock(app, "/webhooks/whatsapp"))
        assert is_put_off(knock(app, "/webhooks/fillout/key"))


def test_a_server_that_falls_silent_in_the_middle_is_given_up_and_the_next_post_is_stored(built: Callable[..., Flask]) -> None:
    app = built(webhook_db_seconds=1.0)
    open_channel(app)
    with app.app_context(), autocommitted() as connection, closing(connection.cursor()) as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    os.kill(backend, signal.SIGSTOP)
    try:
        assert is_put_off(post(app, "wamid.silent"))
        assert post(app, "wamid.silent").status_code == 200  # over a connection whose other end is alive
    finally:
        os.kill(backend, signal.SIGCONT)
    assert stored(app) == 1


def test_the_limits_of_the_door_are_shorter_than_the_patience_of_its_callers(built: Callable[..., Flask]) -> None:
    app = built()
    with app.app_context(), autocommitted() as connection, closing(connection.cursor()) as cursor:
        told = [cursor.execute(f"SHOW {name}").fetchone()[0] for name in ("statement_timeout", "lock_timeout")]
        line = connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        pages = db.engine.raw_connection()
        theirs = pages.driver_connection.info.get_parameters()  # type: ignore[union-attr]
        pages.close()
    assert told == ["4s", "3s"]
    assert (line["connect_timeout"], line["tcp_user_timeout"]) == ("3", "3000")
    assert (theirs["connect_timeout"], theirs["keepalives_idle"]) == ("10", "15")  # keepalives themselves are on anyway


def test_no_connection_free_in_time_is_told_like_any_other_outage(built: Callable[..., Flask]) -> None:
    app = built(webhook_db_seconds=0.2)
    with app.app_context():
        pool = db.engines[AUTOCOMMIT]
        taken = [pool.raw_connection() for _ in range(16)]
    try:
        assert [path for path in DOORS if not is_put_off(knock(app, path))] == []
    finally:
        for connection in taken:
            connection.close()


def test_the_driver_s_own_errors_put_a_text_off_like_a_chat_message(built: Callable[..., Flask]) -> None:
    app = built()
    with app.app_context(), transaction() as session:
        secrets = {"signing_secret": TOKEN}
        make_channel(session, make_brand(session), ChannelType.SMS, keyring=runtime().keyring, address=OURS, secrets=secrets)
    with app.app_context():
        provider = Provider(app.test_client(), db.session())
        assert provider.says("hoi", sid="SM1").status_code == 200
        app.config["DOOR_CACHE_SECONDS"] = 3600.0  # only what is stored asks the database, past SQLAlchemy
        with db.engine.connect() as other:
            other.execute(sa.text(END_OTHERS))
        assert is_put_off(provider.says("hoi", sid="SM2"))
        assert provider.says("hoi", sid="SM2").status_code == 200
    assert stored(app) == 2


def test_a_hint_does_not_wait_for_a_redis_that_says_nothing(built: Callable[..., Flask]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=50)) as silent:
        app = built(redis_url=f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        with app.app_context(), transaction() as session:
            brand, keyring = make_brand(session), runtime().keyring
            boxes = [
                make_channel(session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address=f"{n}@example.nl") for n in "ab"
            ]
            hint = {"value": [{"clientState": client_state(box.id)} for box in boxes]}
        assert app.test_client().post("/webhooks/outlook", json=hint).status_code == 202
        silent.setblocking(False)
        tried = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                tried += 1
    assert tried == 1  # neither again nor for the next mailbox


def test_usage_is_counted_over_connections_that_do_not_wait_either(built: Callable[..., Flask]) -> None:
    app = built(webhook_db_seconds=0.2)
    knock(app, "/webhooks/sms")
    with locked(app, "usage_days"):
        runtime_of(app).meter.flush()  # keeps what it could not write
    runtime_of(app).meter.flush()
    with app.app_context(), transaction() as session:
        assert session.execute(sa.text("SELECT sum(requests) FROM usage_days WHERE is_ours")).scalar_one() == 1


def runtime_of(app: Flask):  # type: ignore[no-untyped-def]
    with app.app_context():
        return runtime()


class Watched(io.RawIOBase):
    """A body that looks, whenever a piece of it is asked for, how many connections the application holds meanwhile."""

    def __init__(self, app: Flask, content: bytes) -> None:
        self._app, self._rest = app, content
        self.held: list[int] = []

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with self._app.app_context():
            engines = list(db.engines.values())
        self.held.append(sum(engine.pool.checkedout() for engine in engines))  # type: ignore[attr-defined]
        piece, self._rest = self._rest[:7], self._rest[7:]
        buffer[: len(piece)] = piece
        return len(piece)


def test_whoever_sends_a_body_slowly_holds_no_connection(built: Callable[..., Flask]) -> None:
    app = built()
    with app.app_context():
        session = db.session()
        alice = make_user(session, "Alice", role=Role.LEAD)
        session.commit()
        _row, token = create_token(session, alice, name="Slow", scopes=(), now=NOW)
        browser = sign_in(app.test_client(), session, alice)
        db.session.remove()
    form = f"csrf_token={csrf_token(browser)}&email=a%40example.com&password=x".encode()
    bearer = {"Authorization": f"Bearer {token}"}
    posts = [(app.test_client(), path, BODIES.get(path, b"{}"), "application/json", {}) for path in DOORS]
    posts += [
        (app.test_client(), "/sign-in", form, "application/x-www-form-urlencoded", {}),
        (browser, "/contacts", form, "application/x-www-form-urlencoded", {}),
        (app.test_client(), "/api/v1/contacts", b'{"name": "slow"}', "application/json", bearer),
    ]
    for client, path, body, kind, headers in posts:
        slow = Watched(app, body)
        environ = {"wsgi.input": io.BufferedReader(slow, 7), "CONTENT_LENGTH": str(len(body)), "CONTENT_TYPE": kind}
        client.post(path, headers=headers, environ_overrides=environ)  # type: ignore[arg-type]
        assert slow.held, path
        assert set(slow.held) == {0}, path
