"""A desk: one brand with a thread, Alice who works there, Bob her teammate, Mallory of another brand."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.models import ChannelType
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.tasks.models import Task
from app.domain.threads.models import Thread
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient
from tests.support.queries import at_most


@dataclass
class Desk(PageDesk):
    brand: Brand
    other: Brand
    alice: User
    bob: User
    mallory: User
    thread: Thread

    def make(self, title: str = "Terugbellen", **changes: object) -> Task:
        values = {"brand_id": self.brand.id, "assignee_user_id": self.alice.id, **changes}
        content = TaskContent(title=title, **values)  # type: ignore[arg-type]
        task = create_task(self.session, content, now=utc_now(), actor=Actor(self.alice.id))
        self.session.commit()
        return task

    def read(self, task: Task) -> Task:
        return self.session.execute(
            sa.select(Task).where(Task.id == task.id).execution_options(populate_existing=True)
        ).scalar_one()

    def only(self) -> Task:
        return self.session.execute(sa.select(Task).execution_options(populate_existing=True)).scalar_one()

    def events(self) -> list[str]:
        query = sa.select(Event.type).where(Event.type.like("Task%")).order_by(Event.id)
        return list(self.session.execute(query).scalars())

    def at_most(self, queries: int) -> AbstractContextManager[None]:
        return at_most(self.session, queries)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis")
    alice = make_user(db_session, "Alice", brands=(brand,))
    bob = make_user(db_session, "Bob", brands=(brand,))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    db_session.commit()
    made = Desk(page_client, db_session, brand, other, alice, bob, mallory, thread)
    made.as_user(alice)
    return made
