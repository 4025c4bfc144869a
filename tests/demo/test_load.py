"""The demo company: loaded once, quickly, and plausible on every screen."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.demo.load import THREADS, load_demo
from app.events.models import OutboxEntry
from app.inbox.models import Message, Thread

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def test_the_demo_loads_once_and_promises_nothing_but_to_connect_its_channels(app_context: Flask, db_session: Session) -> None:
    assert load_demo(db_session, keyring=runtime().keyring, password_hash="x", now=NOW) == THREADS
    assert load_demo(db_session, keyring=runtime().keyring, password_hash="x", now=NOW) == 0
    assert db_session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == THREADS
    assert set(db_session.execute(sa.select(OutboxEntry.handler)).scalars()) == {"subscribe_channel"}
    assert db_session.execute(sa.select(sa.func.max(Message.occurred_at))).scalar_one() <= NOW
    assert set(db_session.execute(sa.select(Thread.medium).distinct()).scalars()) == {"email", "whatsapp"}
    assert len(db_session.execute(sa.select(Thread.status).distinct()).all()) >= 5
    assert all("{" not in text for text in db_session.execute(sa.select(Message.text)).scalars())
