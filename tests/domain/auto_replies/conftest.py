"""A desk whose channels answer by themselves: a mailbox and a number, Alice, and customers who write at given times."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.auto_replies.actions import AutoReplyContent, answer_message, save_auto_replies
from app.domain.auto_replies.models import AutoReplyDecision, AutoReplyKind
from app.domain.auto_replies.texts import DEFAULTS
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM, record
from app.domain.events.models import Event
from app.domain.threads.actions import lock_thread, reopen_for_incoming, subject_of
from app.domain.threads.models import Message, MessageType, Thread
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MAILBOX = "service@chargecars.example"
SATURDAY, MONDAY = "2026-03-07 11:00", "2026-03-09 11:00"


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

    def switch_on(self, *kinds: AutoReplyKind, channel: Channel | None = None) -> None:
        contents = tuple(AutoReplyContent(kind, kind in kinds, DEFAULTS[kind]) for kind in AutoReplyKind)
        save_auto_replies(self.session, channel or self.mail, contents, now=local("2026-03-01 09:00"), actor=SYSTEM)

    def write(
        self,
        text: str = "Kunt u mij bellen over de laadpaal?",
        *,
        at: str = SATURDAY,
        subject: str = "Vraag",
        sender: str = "pieter@example.nl",
        thread: Thread | None = None,
        automatic: str | None = None,
        name: str = "Pieter van Dam",
        **values: Any,
    ) -> Event:
        """A mail comes in as ingest does it; its event."""
        moment = local(at)
        if thread is None:
            contact = make_contact(self.session, name, kind="email", value=sender or "leeg@example.nl")
            thread = make_thread(self.session, self.mail, contact, subject=subject, at=moment)
        thread = lock_thread(self.session, thread.id)
        values = {"sender": {"name": name, "address": sender}, "recipients": {"to": [{"address": MAILBOX}]}, **values}
        message = make_message(self.session, thread, text, at=moment, **values)
        message.subject, message.automatic = subject, automatic
        if automatic is None:
            reopen_for_incoming(self.session, thread, now=moment)
        self.session.flush()
        return record(self.session, "MessageReceived", subject=subject_of(thread, message), now=moment)

    def chat_message(self, text: str = "Hallo, bent u er nog?", *, at: str = SATURDAY, value: str = "31612345678") -> Event:
        moment = local(at)
        thread = make_thread(self.session, self.chat, make_contact(self.session, value=value), at=moment)
        message = make_message(self.session, thread, text, at=moment, sender={"name": "Pieter", "address": value})
        self.session.flush()
        return record(self.session, "MessageReceived", subject=subject_of(thread, message), now=moment)

    def answer(self, event: Event, *, at: str | None = None) -> AutoReplyDecision | None:
        decision = answer_message(self.session, event, now=local(at) if at else event.occurred_at)
        self.session.flush()
        return decision

    def answers(self) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == MessageType.AUTO_RESPONSE).order_by(Message.created_at)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def thread_of(self, event: Event) -> Thread:
        return self.session.get_one(Thread, event.thread_id, populate_existing=True)


def make_desk(session: Session) -> Desk:
    """The desk in the database of the present application."""
    brand, keyring = make_brand(session, name="ChargeCars"), runtime().keyring
    mail = make_channel(session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address=MAILBOX)
    chat = make_channel(session, brand, keyring=keyring, secrets={"access_token": "a"})
    return Desk(session, brand, mail, chat, make_user(session, "Alice", brands=(brand,)))


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Desk:
    return make_desk(db_session)
