"""A thread that is merged into another while somebody opens it: its address leads on to where it went, and nothing fails."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Thread, ThreadRead
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.signing_in import sign_in


@dataclass
class Office:
    app: Flask
    client: FlaskClient
    kept: uuid.UUID
    gone: uuid.UUID

    @contextmanager
    def merging_as_soon_as_it_was_read(self) -> Iterator[list[str]]:
        """Somebody else merges the threads, and commits, just before the first page notes that the thread was read."""
        merged: list[str] = []

        def merge(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
            if "INTO thread_reads" not in statement or merged:
                return
            merged.append(statement)
            with Session(other) as session, session.begin():
                merge_threads(session, keep_id=self.kept, merge_id=self.gone, now=utc_now(), actor=SYSTEM)

        with self.app.app_context():
            engine = db.engine
            other = sa.create_engine(engine.url)
        sa.event.listen(engine, "before_cursor_execute", merge)
        try:
            yield merged
        finally:
            sa.event.remove(engine, "before_cursor_execute", merge)
            other.dispose()


@pytest.fixture
def office(fresh_app: Flask) -> Iterator[Office]:
    with fresh_app.app_context(), Session(db.engine, expire_on_commit=False) as session:
        brand = make_brand(session)
        channel, alice = make_channel(session, brand, keyring=runtime().keyring), make_user(session, "Alice", brands=(brand,))
        pieter = make_contact(session)
        kept, gone = (make_thread(session, channel, pieter, subject=what, at=utc_now()) for what in ("Eerst", "Later"))
        for thread in (kept, gone):
            make_message(session, thread, f"Over {thread.subject}", at=utc_now())
        session.commit()
        client = fresh_app.test_client()
        sign_in(client, session, alice)
        yield Office(fresh_app, client, kept.id, gone.id)


def test_the_address_leads_to_the_thread_it_went_into(office: Office) -> None:
    with office.merging_as_soon_as_it_was_read() as merged:
        answer = office.client.get(f"/threads/{office.gone}?view=mine")
    assert merged, "the page did not note that it was read"
    assert (answer.status_code, answer.location) == (302, f"/threads/{office.gone}?view=mine")
    there = office.client.get(answer.location)
    assert (there.status_code, there.location) == (302, f"/threads/{office.kept}?view=mine")
    page = office.client.get(there.location)
    assert page.status_code == 200
    assert "Over Later" in page.text
    with office.app.app_context():
        assert db.session.get(Thread, office.gone) is None
        assert db.session.execute(sa.select(ThreadRead.thread_id)).scalars().all() == [office.kept]
