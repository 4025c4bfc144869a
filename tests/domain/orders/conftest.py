"""A desk: Alice of ChargeCars with Pieter and his thread, Mallory of another brand."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.threads.models import Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient


@dataclass
class Desk(PageDesk):
    brand: Brand
    other: Brand
    alice: User
    mallory: User
    pieter: Contact
    thread: Thread

    def orders(self) -> list[Order]:
        query = sa.select(Order).order_by(Order.order_number).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def events(self, kind: str) -> list[Event]:
        return list(self.session.execute(sa.select(Event).where(Event.type == kind).order_by(Event.id)).scalars())


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_contact(db_session)
    thread = make_thread(db_session, channel, pieter, subject="Nieuwe laadpaal")
    make_message(db_session, thread, "Ik wil een laadpaal")
    alice = make_user(db_session, "Alice", brands=(brand,))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    db_session.commit()
    made = Desk(page_client, db_session, brand, other, alice, mallory, pieter, thread)
    made.as_user(alice)
    return made
