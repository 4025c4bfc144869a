"""An administrator in a browser, and the simulated WhatsApp reached over HTTP as in the demo."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import Brand, Role, User
from app.accounts.passwords import hash_password
from app.channels.registry import build_adapters
from app.core.runtime import EXTENSION
from tests.factories import make_brand, make_user
from tests.simulators.whatsapp_world import World, running_world
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

NOWHERE = "http://127.0.0.1:9"
PASSWORD = "four words for root"


@pytest.fixture
def brand(app: Flask, db_session: Session) -> Brand:
    return make_brand(db_session)


@pytest.fixture
def root(page_client: PageClient, db_session: Session, brand: Brand) -> User:
    user = make_user(db_session, "Root", role=Role.ADMIN, password_hash=hash_password(PASSWORD))
    sign_in(page_client.plain, db_session, user)
    return user


@pytest.fixture(scope="session")
def whatsapp_process() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def whatsapp(app: Flask, whatsapp_process: World) -> Iterator[World]:
    """The application talks to this simulator."""
    usual = app.extensions[EXTENSION]
    whatsapp_process.start_afresh()
    adapters = build_adapters(
        http=usual.http,
        whatsapp_base_url=whatsapp_process.url,
        whatsapp_api_version="v26.0",
        graph_base_url=NOWHERE,
        login_authority=NOWHERE,
        twilio_base_url=NOWHERE,
        sendgrid_base_url=NOWHERE,
        public_url="http://localhost",
        mail_domain="localhost",
    )
    app.extensions[EXTENSION] = replace(usual, adapters=adapters)
    yield whatsapp_process
    app.extensions[EXTENSION] = usual
