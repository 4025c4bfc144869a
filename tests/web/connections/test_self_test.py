"""The webhook address is tried through the public URL, and what stands in the way is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.core.runtime import EXTENSION, runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import ChannelType
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.sandbox.simulators.common import serve
from tests.factories import make_channel
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token
from tests.web.connections.test_condition import make_number

Publish = Callable[[object], None]


@pytest.fixture
def publish(app: Flask) -> Iterator[Publish]:
    """Put a WSGI application at the public address."""
    usual, running = app.extensions[EXTENSION], []

    def put(wsgi: object) -> None:
        server = serve(wsgi)  # type: ignore[arg-type]
        running.append(server)
        app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, public_url=server.url))

    yield put
    app.extensions[EXTENSION] = usual
    for server in running:
        server.stop()


def press(client: PageClient, channel_id: object) -> str:
    path = f"/settings/channels/{channel_id}/self-test"
    return client.post(path, data={"csrf_token": csrf_token(client.plain)}).text


def test_a_signed_post_that_arrives_is_found_and_does_nothing_else(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, publish: Publish
) -> None:
    channel = make_number(app, db_session, brand)
    db_session.commit()
    publish(app.wsgi_app)
    assert "We received a test request through the public address" in press(page_client, channel.id)
    event = db_session.execute(sa.select(InboundEvent)).scalar_one()
    with app.app_context():
        process_inbound_event(row_id=str(event.id))
    db_session.expire_all()
    assert (event.channel_id, event.state, event.results) == (channel.id, "done", [])


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (200, "but the answer did not come from this installation"),
        (401, "rejected our signature"),
        (502, "answered 502 instead"),
        (301, "answered 301 instead"),
    ],
)
def test_something_else_at_the_address_is_not_taken_for_us(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, publish: Publish, status: int, words: str
) -> None:
    channel = make_number(app, db_session, brand)
    db_session.commit()
    publish(Response("fine", status))
    assert words in press(page_client, channel.id)


def test_nobody_at_the_address_is_said(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, publish: Publish
) -> None:
    channel = make_number(app, db_session, brand)
    db_session.commit()
    usual = app.extensions[EXTENSION]
    app.extensions[EXTENSION] = replace(usual, settings=replace(usual.settings, public_url="http://127.0.0.1:9"))
    assert "No answer from the public address." in press(page_client, channel.id)
    app.extensions[EXTENSION] = usual


def test_an_inbound_address_is_reached_by_the_handshake(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, publish: Publish
) -> None:
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(db_session, brand, ChannelType.EMAIL, keyring=keyring, address="a@b.example", secrets={"url_key": "k"})
    db_session.commit()
    publish(app.wsgi_app)
    assert "The public address leads to this installation." in press(page_client, channel.id)
    publish(Response("fine"))
    assert "but the answer did not come from this installation" in press(page_client, channel.id)
