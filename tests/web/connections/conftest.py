"""An administrator in a browser, and the simulated WhatsApp reached over HTTP as in the demo."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.domain.accounts.models import Brand, Role, User
from app.domain.accounts.passwords import hash_password
from tests.factories import make_brand, make_user
from tests.sandbox.simulators.whatsapp_world import World, running_world
from tests.support.pages import PageClient
from tests.support.providers import adapters_at, talking_by
from tests.support.signing_in import sign_in

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
    whatsapp_process.start_afresh()
    with talking_by(app, adapters_at(app, whatsapp=whatsapp_process.url)):
        yield whatsapp_process
