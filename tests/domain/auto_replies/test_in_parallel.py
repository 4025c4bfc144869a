"""Many workers at once: a person is answered once, and a channel's most is its most."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import sqlalchemy as sa
from flask import Flask

from app.core.db import db, transaction
from app.domain.auto_replies.actions import answer_message
from app.domain.auto_replies.models import AutoReplyDecision, AutoReplyKind
from app.domain.events.models import Event
from tests.domain.auto_replies.conftest import SATURDAY, local, make_desk

WORKERS, MESSAGES = 8, 24


def test_parallel_workers_answer_a_person_once_however_many_messages_and_however_often(fresh_app: Flask) -> None:
    now = local(SATURDAY) + timedelta(minutes=5)
    with fresh_app.app_context(), transaction() as session:
        desk = make_desk(session)
        desk.switch_on(AutoReplyKind.CLOSED)
        events = [desk.write(f"Vraag {n}", subject=f"Vraag {n}").id for n in range(MESSAGES)]

    def work(event_id: uuid.UUID) -> None:
        with fresh_app.app_context(), transaction() as session:
            answer_message(session, session.get_one(Event, event_id), now=now)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, events * 2))
    with fresh_app.app_context():
        decisions = db.session.execute(sa.select(AutoReplyDecision)).scalars().all()
        assert len(decisions) == MESSAGES
        assert sum(decision.sent_message_id is not None for decision in decisions) == 1
