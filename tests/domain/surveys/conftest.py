"""A desk that asks its customers afterwards: Pieter's matter by mail and by chat, Alice who answers, Lena who leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM, Actor, record
from app.domain.surveys.actions import SurveyContent, save_survey
from app.domain.surveys.jobs import send_survey
from app.domain.surveys.models import Survey, SurveyAnswer, SurveyAnswerVersion, SurveyInvitation, SurveyKind
from app.domain.surveys.tokens import survey_token
from app.domain.tasks.models import Task
from app.domain.threads.actions import change_status, lock_thread, reopen_for_incoming, subject_of
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user

INVITATIONS, ANSWERS, VERSIONS = table_of(SurveyInvitation), table_of(SurveyAnswer), table_of(SurveyAnswerVersion)
ALL_DAY = {"from_hour": 0, "until_hour": 24, "delay_hours": 24}


@dataclass
class Desk:
    session: Session
    brand: Brand
    mail: Channel
    chat: Channel
    alice: User
    lena: User
    pieter: Contact
    now: datetime = field(default_factory=utc_now)

    def switch_on(self, kind: SurveyKind = SurveyKind.CSAT, **more: Any) -> Survey:
        content = SurveyContent(**{"is_on": True, "questions": {}, **ALL_DAY, **more})
        survey = save_survey(
            self.session, brand_id=self.brand.id, kind=kind, content=content, actor=SYSTEM, now=self.now - timedelta(days=60)
        )
        self.session.commit()
        return survey

    def matter(self, channel: Channel | None = None, *, contact: Contact | None = None, is_answered: bool = True) -> Thread:
        """Somebody asks, Alice answers."""
        thread = make_thread(self.session, channel or self.mail, contact or self.pieter, subject="Laadpaal", at=self.now)
        self.ask(thread)
        if is_answered:
            thread = lock_thread(self.session, thread.id)
            values = {"message_type": MessageType.OUTGOING, "sender_user_id": self.alice.id}
            make_message(self.session, thread, "Gerepareerd.", at=self.now, **values)
        self.session.commit()
        return thread

    def ask(self, thread: Thread) -> Message:
        locked = lock_thread(self.session, thread.id)
        address = "pieter@example.nl" if locked.medium == "email" else "31612345678"
        message = make_message(
            self.session, locked, "Mijn laadpaal doet niets", at=self.now, sender={"name": "Pieter", "address": address}
        )
        message.sender_contact_id = locked.contact_id
        locked.window_opened_at = self.now
        reopen_for_incoming(self.session, locked, now=self.now)
        record(self.session, "MessageReceived", subject=subject_of(locked, message), now=self.now)
        self.session.commit()
        return message

    def resolve(self, thread: Thread, status: ThreadStatus = ThreadStatus.RESOLVED) -> None:
        change_status(self.session, thread_id=thread.id, status=status, actor=Actor(self.alice.id), now=self.now)
        self.session.commit()

    def let_pass(self, **by: float) -> None:
        """So long goes by: whatever was planned, sent and said lies so much earlier."""
        back = timedelta(**by)
        columns = {
            INVITATIONS: ("run_at", "planned_at", "sent_at", "expires_at"),
            ANSWERS: ("first_at", "changed_at"),
            VERSIONS: ("said_at",),
        }
        for table, names in columns.items():
            self.session.execute(sa.update(table).values({name: table.c[name] - back for name in names}))
        self.session.commit()
        self.session.expire_all()

    def work(self) -> None:
        """Workers are told of every question, twice."""
        for row_id in [row.id for row in self.rows()] * 2:
            send_survey(row_id=str(row_id))
        self.session.expire_all()

    def asked(self, channel: Channel | None = None, **more: Any) -> SurveyInvitation:
        """A matter that is over, and the question about it a minute ago."""
        self.switch_on(**more)
        self.resolve(self.matter(channel))
        self.let_pass(hours=25)
        self.work()
        self.let_pass(minutes=1)
        return self.rows()[-1]

    def rows(self) -> list[SurveyInvitation]:
        query = sa.select(SurveyInvitation).order_by(SurveyInvitation.id).execution_options(populate_existing=True)
        return list(self.session.execute(query).scalars())

    def outcomes(self) -> list[tuple[str | None, str]]:
        return [(row.outcome.value if row.outcome else None, row.reason) for row in self.rows()]

    def questions(self) -> list[Message]:
        query = sa.select(Message).where(Message.meta.has_key("survey_invitation_id")).order_by(Message.created_at, Message.id)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def answers(self) -> list[tuple[int, bool]]:
        """Score, and whether a machine may have given it."""
        self.session.expire_all()
        query = sa.select(SurveyAnswer).order_by(SurveyAnswer.invitation_id)
        return [(row.score, row.is_suspect) for row in self.session.execute(query).scalars()]

    def versions(self) -> int:
        return self.session.execute(sa.select(sa.func.count()).select_from(SurveyAnswerVersion)).scalar_one()

    def tasks(self) -> list[Task]:
        return list(self.session.execute(sa.select(Task).order_by(Task.id)).scalars())

    def link(self, row: SurveyInvitation) -> str:
        return f"/s/{survey_token(row.id, runtime().settings.secret_key)}"


def make_desk(session: Session) -> Desk:
    brand, keyring = make_brand(session, name="ChargeCars"), runtime().keyring
    mail = make_channel(session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, address="service@chargecars.example")
    chat = make_channel(session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=keyring, secrets={"access_token": "a"})
    pieter = make_contact(session, kind="email", value="pieter@example.nl")
    alice = make_user(session, "Alice", brands=(brand,))
    lena = make_user(session, "Lena", role=Role.LEAD, brands=(brand,))
    session.commit()
    return Desk(session, brand, mail, chat, alice, lena, pieter)


@pytest.fixture
def surveys(app: Flask, app_context: Flask, db_session: Session) -> Desk:
    return make_desk(db_session)
