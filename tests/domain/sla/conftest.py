"""A desk with a time of its own: one brand, a mail and a chat channel, Alice, Bob, Lena their lead, Noah the admin."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import Actor, record
from app.domain.events.models import Event
from app.domain.sla.clock import ClockKind
from app.domain.sla.escalation import reach_due_steps
from app.domain.sla.models import SlaClock, SlaStep
from app.domain.threads.actions import after_reply, lock_thread, reopen_for_incoming, subject_of
from app.domain.threads.models import Message, MessageType, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def local(text: str) -> datetime:
    """The instant of a local time in Amsterdam."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM).astimezone(UTC)


@dataclass
class Desk:
    session: Session
    brand: Brand
    mail: Channel
    chat: Channel
    alice: User
    bob: User
    lena: User
    noah: User
    now: datetime = field(default_factory=lambda: local("2026-03-04 10:00"))

    @property
    def actor(self) -> Actor:
        return Actor(self.alice.id)

    def at(self, text: str) -> datetime:
        self.now = local(text)
        return self.now

    def thread(
        self, channel: Channel | None = None, *, subject: str = "Laadpaal doet niets", value: str = "a@example.nl"
    ) -> Thread:
        contact = make_contact(self.session, kind="email", value=value)
        return make_thread(self.session, channel or self.mail, contact, subject=subject, at=self.now)

    def ask(
        self, thread: Thread, text: str = "Wanneer komt u?", *, occurred_at: datetime | None = None, **values: Any
    ) -> Message:
        """A message comes in as ingest does it."""
        locked = lock_thread(self.session, thread.id)
        automatic = values.pop("automatic", None)
        message = make_message(self.session, locked, text, at=occurred_at or self.now, **values)
        message.automatic = automatic
        self.session.flush()
        if message.automatic is None:
            reopen_for_incoming(self.session, locked, now=self.now)
        record(self.session, "MessageReceived", subject=subject_of(locked, message), now=self.now)
        return message

    def answer(self, thread: Thread, **values: Any) -> Message:
        """A reply is queued as the composer does it."""
        locked = lock_thread(self.session, thread.id)
        values = {"sender_user_id": self.alice.id, **values}
        message = make_message(self.session, locked, "Morgen", at=self.now, message_type=MessageType.OUTGOING, **values)
        record(self.session, "MessageQueued", subject=subject_of(locked, message), now=self.now, actor=self.actor)
        after_reply(self.session, locked, actor=self.actor, now=self.now)
        self.session.flush()
        return message

    def due(self, thread: Thread) -> datetime | None:
        query = sa.select(Thread.response_due_at).where(Thread.id == thread.id)
        return self.session.execute(query).scalar_one()

    def clock(self, thread: Thread, kind: ClockKind = ClockKind.FIRST_RESPONSE) -> SlaClock:
        query = (
            sa.select(SlaClock).where(SlaClock.thread_id == thread.id, SlaClock.kind == kind).order_by(SlaClock.started_at.desc())
        )
        return self.session.execute(query.limit(1).execution_options(populate_existing=True)).scalar_one()

    def steps(self, thread: Thread) -> list[str]:
        query = sa.select(SlaStep.step).where(SlaStep.thread_id == thread.id).order_by(SlaStep.due_at)
        return list(self.session.execute(query).scalars())

    def told(self, event_type: str = "EscalationStepReached") -> list[Event]:
        return list(self.session.execute(sa.select(Event).where(Event.type == event_type).order_by(Event.id)).scalars())

    def tick(self, after: timedelta = timedelta()) -> int:
        """The sweep, at the desk's time."""
        self.now += after
        return reach_due_steps(self.session, now=self.now)


def make_desk(session: Session) -> Desk:
    """The desk in the database of the present application."""
    brand = make_brand(session, name="ChargeCars")
    keyring = runtime().keyring
    return Desk(
        session,
        brand,
        make_channel(session, brand, ChannelType.EMAIL, keyring=keyring, address="info@chargecars.example"),
        make_channel(session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=keyring),
        make_user(session, "Alice", brands=(brand,)),
        make_user(session, "Bob", brands=(brand,)),
        make_user(session, "Lena", role=Role.LEAD, brands=(brand,)),
        make_user(session, "Noah", role=Role.ADMIN),
    )


@pytest.fixture
def desk(app: Flask, app_context: Flask, db_session: Session) -> Desk:
    return make_desk(db_session)
