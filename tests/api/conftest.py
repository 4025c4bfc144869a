"""Alice the agent of one brand, with a channel, a contact and a thread; Mallory of another brand; and a caller with a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.accounts.tokens import create_token
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor
from app.domain.mailings.actions import NewMailing, NewRecipient, create_mailing
from app.domain.mailings.models import Mailing
from app.domain.reply_templates.actions import TemplateContent, create_template
from app.domain.reply_templates.models import ReplyTemplate, TemplateCategory
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task
from app.domain.threads.models import Message, Thread
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.database import again, back_to, ground_session

BASE = "/api/v1"


@dataclass(frozen=True)
class Caller:
    """Calls the API with one token. Paths are below `base`."""

    client: FlaskClient
    token: str
    base: str = BASE

    def call(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **options: Any) -> TestResponse:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.client.open(f"{self.base}{path}", method=method, headers=sent, buffered=True, **options)

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("PATCH", path, json=body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> TestResponse:
        return self.call("PUT", path, json=body, **options)


@dataclass(frozen=True)
class World:
    """What there is before a test begins."""

    brand: Brand
    other_brand: Brand
    channel: Channel
    other_channel: Channel
    contact: Contact
    other_contact: Contact
    thread: Thread
    other_thread: Thread
    message: Message
    other_message: Message
    mailing: Mailing
    task: Task
    other_task: Task
    template: ReplyTemplate
    other_template: ReplyTemplate
    alice: User
    bob: User
    mallory: User


def make_world(session: Session) -> World:
    """Two brands with a thread each."""
    brand, other = make_brand(session), make_brand(session, "laderthuis")
    keyring = runtime().keyring
    channel = make_channel(session, brand, keyring=keyring, secrets={"access_token": "EAAtop-secret"})
    other_channel = make_channel(session, other, keyring=keyring, address="1066000000002")
    contact = make_contact(session)
    other_contact = make_contact(session, "Lotte Bakker", value="31687654321")
    thread, other_thread = make_thread(session, channel, contact), make_thread(session, other_channel, other_contact)
    bob = make_user(session, "Bob", brands=(brand,))
    world = World(
        brand=brand,
        other_brand=other,
        channel=channel,
        other_channel=other_channel,
        contact=contact,
        other_contact=other_contact,
        thread=thread,
        other_thread=other_thread,
        message=make_message(session, thread, "De laadpaal knippert rood"),
        other_message=make_message(session, other_thread, "Graag een offerte"),
        mailing=make_mailing(session, channel, bob),
        task=make_task(session, brand, "Bellen", thread_id=thread.id),
        other_task=make_task(session, other, "Offerte maken"),
        template=make_template(session, brand, "Afspraak"),
        other_template=make_template(session, other, "Offerte"),
        alice=make_user(session, brands=(brand,)),
        bob=bob,
        mallory=make_user(session, "Mallory", brands=(other,)),
    )
    session.commit()
    return world


def make_task(session: Session, brand: Brand, title: str, **content: Any) -> Task:
    return create_task(session, TaskContent(brand.id, title, **content), now=NOW, actor=SYSTEM)


def make_mailing(session: Session, channel: Channel, user: User) -> Mailing:
    new = NewMailing("Winter", "Tips", recipients=(NewRecipient("pieter@example.nl"),))
    return create_mailing(session, new, channel=channel, actor=Actor(user.id), now=NOW)


def make_template(
    session: Session, brand: Brand, name: str, text: str = "Tot dan, {{contact.first_name|klant}}"
) -> ReplyTemplate:
    content = TemplateContent(name, TemplateCategory.FOLLOW_UP, "nl", text, media=("email",), brand_ids=(brand.id,))
    return create_template(session, content, now=NOW)


def make_token(session: Session, user: User, *scopes: str) -> str:
    _row, text = create_token(session, user, name="test", scopes=scopes, now=NOW)
    session.commit()
    return text


@pytest.fixture(scope="module")
def built(shared_app: Flask, ground: sa.Connection) -> World:
    """The world, put in place once for all tests of a module."""
    # The context is not left open: requests would share one session over it.
    with shared_app.app_context(), ground_session(ground) as session:
        return make_world(session)


@pytest.fixture
def connection(built: World, ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


@pytest.fixture
def world(app: Flask, db_session: Session, built: World) -> World:
    """What was built, as this test's own rows."""
    return World(**{field.name: again(db_session, getattr(built, field.name)) for field in fields(World)})


@pytest.fixture
def alice(client: FlaskClient, db_session: Session, world: World) -> Caller:
    return Caller(client, make_token(db_session, world.alice))


@pytest.fixture
def mallory(client: FlaskClient, db_session: Session, world: World) -> Caller:
    return Caller(client, make_token(db_session, world.mallory))
