"""A round: Tim the technician with a visit at Pieter's today, Carla his colleague, Mallory of another brand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, User
from app.domain.appointments.models import Appointment, AppointmentState
from app.domain.field.actions import Answer, NewAction, take_action
from app.domain.field.models import ActionKind, PhoneAction
from app.domain.threads.models import Message, Thread
from tests.domain.appointments.factories import make_appointment
from tests.domain.field.factories import PNG as PNG
from tests.domain.field.factories import make_file
from tests.domain.orders.factories import make_order
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.desk import PageDesk
from tests.support.pages import PageClient

DEVICE = uuid.UUID("0197f0de-0000-7000-8000-00000000d0d0")


@dataclass
class Round(PageDesk):
    app: Flask
    brand: Brand
    tim: User
    carla: User
    mallory: User
    thread: Thread
    visit: Appointment
    seen: Message
    now: datetime

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.session, self.tim)

    def new(self, kind: str = "note", **more: Any) -> NewAction:
        """An action of Tim's phone; `body` and the rest by name."""
        body = more.pop("body", {"text": "Klaar met boren"})
        usual = {"id": uuid.uuid4(), "device_id": DEVICE, "visit_id": self.visit.id, "occurred_at": self.now}
        return NewAction(kind=ActionKind(kind), body=body, **{**usual, **more})

    def step(self, to: str, **more: Any) -> NewAction:
        reasons = {"not_home": "nobody_answered", "aborted": "not_safe"}
        body = {"to": to, **({"reason": reasons[to]} if to in reasons else {}), **more.pop("body", {})}
        return self.new("step", body=body, **more)

    def take(self, new: NewAction, *, viewer: Viewer | None = None) -> Answer:
        with self.app.app_context():
            return take_action(self.session, new, viewer=viewer or self.viewer, now=self.now)

    def send(self, *actions: NewAction) -> list[Answer]:
        """In this order, each after the one before it, as a phone does."""
        answers: list[Answer] = []
        for place, action in enumerate(actions):
            after = actions[place - 1].id if place else None
            answers.append(self.take(replace(action, after=after)))
        return answers

    def file(self, content: bytes = PNG) -> uuid.UUID:
        with self.app.app_context():
            return make_file(self.session, self.tim, now=self.now, content=content)

    def step_now(self) -> AppointmentState:
        self.session.refresh(self.visit)
        return self.visit.state

    def ledger(self) -> list[PhoneAction]:
        return list(self.session.execute(sa.select(PhoneAction).order_by(PhoneAction.number)).scalars())

    def messages(self, kind: str) -> list[Message]:
        query = sa.select(Message).where(Message.thread_id == self.thread.id, Message.message_type == kind)
        return list(self.session.execute(query.order_by(Message.seq)).scalars())


@pytest.fixture
def day(app: Flask, page_client: PageClient, db_session: Session) -> Round:
    now = utc_now()
    last = now.astimezone(ZoneInfo("Europe/Amsterdam")).replace(hour=23, minute=59, second=59, microsecond=0)
    brand, other = make_brand(db_session, name="ChargeCars"), make_brand(db_session, "laderthuis", "LaderThuis")
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    pieter = make_contact(db_session)
    thread = make_thread(db_session, channel, pieter, subject="Nieuwe laadpaal", at=now)
    seen = make_message(db_session, thread, "Tot zo", at=now)
    order = make_order(db_session, brand, pieter, thread_id=thread.id)
    people = [make_user(db_session, name, brands=(brand,)) for name in ("Tim", "Carla")]
    mallory = make_user(db_session, "Mallory", brands=(other,))
    visit = make_appointment(
        db_session,
        thread,
        now=now,
        starts_at=min(now.replace(microsecond=0) + timedelta(minutes=1), last.astimezone(UTC)),  # today, even at 23:59
        ends_at=now + timedelta(hours=2),
        technician_user_id=people[0].id,
        order_id=order.id,
        place="Kerkstraat 12, Utrecht",
    )
    db_session.commit()
    made = Round(page_client, db_session, app, brand, *people, mallory, thread, visit, seen, now)
    made.as_user(people[0])
    return made
