"""A brand with a mail channel and two connections, and hands to post, work and look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.contract.provider import Services
from app.core import runtime as installed
from app.core.http import HttpClient
from app.core.runtime import EXTENSION, Runtime, runtime
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Integration, Provider
from app.domain.orders.models import Order
from app.domain.threads.models import Message
from app.providers.registry import build_adapters
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.fillout import FormAccount, create_fillout_app
from tests.factories import make_brand, make_channel
from tests.support.providers import providers_at

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CONNECTED_AT = datetime(2026, 11, 1, tzinfo=UTC)
FORM_KEY, MAKE_KEY, MAKE_SECRET = "form-key", "make-key", "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


@dataclass
class Outside:
    client: FlaskClient
    session: Session
    brand: Brand
    channel: Channel

    def connect(self, provider: Provider, *, settings: dict[str, Any], secrets: dict[str, str]) -> Integration:
        content = IntegrationContent(provider.value, self.brand.id, self.channel.id, settings)
        keyring = runtime().keyring
        made = create_integration(
            self.session, provider, content, secrets=secrets, keyring=keyring, now=CONNECTED_AT, actor=SYSTEM
        )
        self.session.commit()
        return made

    def post(self, path: str, body: Any, **headers: str) -> TestResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=data, headers={"Content-Type": "application/json", **named})

    def work(self) -> list[InboundEvent]:
        """Process what waits; every event there is, oldest first."""
        waiting = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for event_id in self.session.execute(waiting).scalars().all():
            process_inbound_event(row_id=str(event_id))
        query = sa.select(InboundEvent).order_by(InboundEvent.id).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def orders(self) -> list[Order]:
        query = sa.select(Order).order_by(Order.order_number).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def messages(self) -> list[Message]:
        return list(self.session.execute(sa.select(Message).order_by(Message.id)).scalars())


@contextmanager
def files_at(app: Flask, url: str) -> Iterator[None]:
    """The simulated provider's files may be fetched, as in the demo; what else is on this machine may not."""
    usual: Runtime = app.extensions[EXTENSION]
    place = url.removeprefix("http://")
    settings = replace(usual.settings, simulated_hosts=(place,))
    app.extensions[EXTENSION] = replace(usual, foreign_http=HttpClient(allowed_places=[place]), settings=settings)
    yield
    app.extensions[EXTENSION] = usual


@pytest.fixture
def outside(app_context: Flask, client: FlaskClient, db_session: Session) -> Outside:
    return make_outside(client, db_session)


def make_outside(client: FlaskClient, session: Session) -> Outside:
    brand = make_brand(session, name="ChargeCars")
    channel = make_channel(session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address="service@chargecars.example")
    session.commit()
    return Outside(client, session, brand, channel)


@pytest.fixture
def form(outside: Outside) -> Integration:
    settings = {"form_id": "chargecars-intake-2025"}
    return outside.connect(Provider.FORMS, settings=settings, secrets={"url_key": FORM_KEY, "api_key": "sk_simulated"})


@pytest.fixture
def account(app_context: Flask) -> Iterator[tuple[FormAccount, RunningServer]]:
    """The simulated account, and the application told where it is."""
    state = FormAccount(lambda: NOW, per_second=1000)
    server, before = serve(create_fillout_app(state)), runtime()
    there = Services(before.http, providers_at(server.url), "http://localhost", "localhost")
    installed.install(app_context, replace(before, adapters=build_adapters(there)))
    yield state, server
    installed.install(app_context, before)
    server.stop()
