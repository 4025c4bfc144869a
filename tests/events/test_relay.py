"""The relay turns waiting rows into jobs."""

from __future__ import annotations

import redis
from flask import Flask
from rq import Queue
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.events.relay import relay_once
from app.ingest.intake import RawEvent, store_event
from app.wiring import LIVE, sources
from tests.support.queries import counted_queries


def test_row_that_still_waits_in_the_queue_is_not_put_there_again(app_context: Flask, db_session: Session) -> None:
    _store_event(db_session)
    assert [_relay(), _relay(), _relay()] == [1, 0, 0]
    assert len(_queue()) == 1


def test_row_is_hinted_again_when_its_hint_was_lost(app_context: Flask, db_session: Session) -> None:
    _store_event(db_session)
    assert _relay() == 1
    runtime().redis.flushdb()
    assert _relay() == 1
    assert len(_queue()) == 1


def test_when_nothing_waits_one_query_says_so(app_context: Flask, db_session: Session) -> None:
    with counted_queries(app_context) as seen:
        assert _relay() == 0
    assert len(seen) == 1


def _store_event(session: Session) -> None:
    store_event(session, RawEvent(source="whatsapp", dedupe_key="one", body=b"{}"))
    session.commit()


def _relay() -> int:
    return relay_once(sources(), connection=_connection(), sweep_seconds=0)


def _queue() -> Queue:
    return Queue(LIVE, connection=_connection(), serializer="json")


def _connection() -> redis.Redis:
    return runtime().redis
