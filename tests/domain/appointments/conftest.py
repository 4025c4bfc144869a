"""A desk: Alice of ChargeCars with Pieter, his thread and his order, Tim the technician, Mallory of another brand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.appointments.models import Appointment, AppointmentReminder
from app.domain.contacts.models import Contact
from app.domain.events.models import Event
from app.domain.orders.models import Order
from app.domain.threads.models import Thread
from tests.domain.appointments.factories import make_appointment
from tests.domain.orders.factories import make_order
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient


@dataclass
class Desk(PageDesk):
    brand: Brand
    alice: User
    tim: User
    mallory: User
    pieter: Contact
    thread: Thread
    order: Order
    now: datetime

    def plan(self, **fields: object) -> TestResponse:
        """The dialog's form, filled in; `fields` change it."""
        usual = {"thread_id": self.thread.id, "title": "Schouw", "kind": "visit", "date": "2027-01-11", "time": "09:00"}
        return self.post("/appointments", **{**usual, **fields})

    def make(self, **more: Any) -> Appointment:
        made = make_appointment(self.session, self.thread, now=self.now, **more)
        self.session.commit()
        return made

    def all(self) -> list[Appointment]:
        query = sa.select(Appointment).order_by(Appointment.created_at).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def only(self) -> Appointment:
        (one,) = self.all()
        return one

    def reminders(self) -> list[AppointmentReminder]:
        query = sa.select(AppointmentReminder).order_by(AppointmentReminder.created_at, AppointmentReminder.id)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def events(self) -> list[str]:
        query = sa.select(Event.type).where(Event.type.like("Appointment%")).order_by(Event.id)
        return list(self.session.execute(query).scalars())

    def in_hours(self, hours: float) -> datetime:
        return self.now + timedelta(hours=hours)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_contact(db_session)
    thread = make_thread(db_session, channel, pieter, subject="Nieuwe laadpaal")
    order = make_order(db_session, brand, pieter, thread_id=thread.id)
    alice = make_user(db_session, "Alice", brands=(brand,))
    tim = make_user(db_session, "Tim", brands=(brand,))
    mallory = make_user(db_session, "Mallory", brands=(other,))
    db_session.commit()
    made = Desk(page_client, db_session, brand, alice, tim, mallory, pieter, thread, order, utc_now())
    made.as_user(alice)
    return made
