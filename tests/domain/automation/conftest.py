"""A desk with a channel, an agent, a lead, and a thread in which a customer wrote."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer, viewer_of
from app.domain.accounts.models import Brand, Role, User
from app.domain.automation.conditions import Condition
from app.domain.automation.models import AutomationRule, AutomationRun
from app.domain.automation.run_rules import run_for_event
from app.domain.connections.models import Channel
from app.domain.events.actions import record
from app.domain.events.models import Event, OutboxEntry
from app.domain.threads.actions import subject_of
from app.domain.threads.macros import MacroSteps
from app.domain.threads.models import Message, Thread
from app.wiring import WIRING
from tests.domain.automation.factories import make_rule
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user


@dataclass
class Desk:
    session: Session
    brand: Brand
    channel: Channel
    alice: User
    leila: User
    thread: Thread

    @property
    def viewer(self) -> Viewer:
        return viewer_of(self.session, self.leila)

    def rule(self, steps: MacroSteps, *conditions: Condition, **content: Any) -> AutomationRule:
        return make_rule(self.session, self.viewer, steps, *conditions, **content)

    def message(self, text: str = "De laadpaal knippert", *, automatic: str | None = None) -> Event:
        """A customer writes; the event of it."""
        thread = self.session.get_one(Thread, self.thread.id, with_for_update=True, populate_existing=True)
        message = make_message(self.session, thread, text, at=utc_now())
        message.automatic = automatic
        event = record(self.session, "MessageReceived", subject=subject_of(thread, message), now=utc_now())
        self.session.commit()
        return event

    def react(self) -> None:
        """Do what the outbox promises of rules, until nothing is left."""
        handlers = ("run_rules", "run_rule_on_past")
        while True:
            self.session.expire_all()
            waiting = sa.select(OutboxEntry).where(OutboxEntry.handler.in_(handlers), OutboxEntry.state == "ready")
            entry = self.session.execute(waiting.order_by(OutboxEntry.id).limit(1)).scalar_one_or_none()
            if entry is None:
                return
            handler, event = WIRING.handler(entry.handler), self.session.get_one(Event, entry.event_id)
            entry.state = "done"
            self.session.commit()
            assert handler is not None
            handler.run(event)

    def again(self, event: Event) -> None:
        run_for_event(event)
        self.session.expire_all()

    def runs(self) -> list[tuple[str, str]]:
        """(name of the rule, outcome), in order."""
        self.session.expire_all()
        query = sa.select(AutomationRule.name, AutomationRun.outcome).join(
            AutomationRun, AutomationRun.rule_id == AutomationRule.id
        )
        return [(row.name, row.outcome) for row in self.session.execute(query.order_by(AutomationRun.id))]

    def messages(self, kind: str) -> list[Message]:
        self.session.expire_all()
        return list(self.session.execute(sa.select(Message).where(Message.message_type == kind).order_by(Message.seq)).scalars())

    def events(self, event_type: str) -> list[Event]:
        query = sa.select(Event).where(Event.type == event_type).order_by(Event.occurred_at, Event.id)
        return list(self.session.execute(query).scalars())

    def now_of(self, thread_id: uuid.UUID | None = None) -> Thread:
        return self.session.get_one(Thread, thread_id or self.thread.id, populate_existing=True)


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    leila = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    channel = make_channel(db_session, brand, keyring=runtime().keyring, secrets={"access_token": "a"})
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    db_session.commit()
    return Desk(db_session, brand, channel, alice, leila, thread)
