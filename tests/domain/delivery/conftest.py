"""A WhatsApp number at a simulated provider, for the tests of what is sent over it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from tests.sandbox.simulators.whatsapp_world import World, running_world
from tests.support.chat_desk import ChatDesk, chat_desk
from tests.support.pages import PageClient


@pytest.fixture(scope="session")
def whatsapp_provider() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def chat(app: Flask, db_session: Session, page_client: PageClient, whatsapp_provider: World) -> Iterator[ChatDesk]:
    with chat_desk(app, db_session, page_client, whatsapp_provider) as desk:
        yield desk
