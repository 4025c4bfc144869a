"""The relay turns waiting rows into jobs."""

from __future__ import annotations

import time

import pytest
import redis
import sqlalchemy as sa
from flask import Flask
from rq import Queue
from sqlalchemy.orm import Session

from app.contract.address_parts import AddressParts
from app.core.runtime import runtime
from app.domain.addresses.actions import add_addresses
from app.domain.addresses.models import AddressType
from app.domain.events.models import Event, OutboxEntry
from app.domain.events.relay import FLOOD_ROWS, Source, relay_once
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from app.wiring import ADDRESSES_AT_ONCE, LIVE, PUSH_SECONDS, SEND, sources
from tests.factories import NOW
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


def test_many_rows_share_jobs_and_few_are_spread_over_the_workers(app_context: Flask, db_session: Session) -> None:
    for number in range(100):
        _store_event(db_session, str(number))
    assert _relay() == 5
    assert [len(job.kwargs["row_ids"]) for job in _queue().jobs] == [20] * 5
    _queue().empty()
    db_session.execute(sa.delete(InboundEvent).where(InboundEvent.dedupe_key.not_in(["1", "2", "3"])))
    db_session.commit()
    assert _relay() == 3


def test_while_the_workers_have_enough_what_comes_waits_for_fuller_jobs(app_context: Flask, db_session: Session) -> None:
    for number in range(6):
        _store_event(db_session, str(number))
        _relay()
    assert len(_queue()) == 6
    for number in range(6, 30):
        _store_event(db_session, str(number))
        assert _relay() == 0
    _queue().empty()
    assert _relay() == 3
    assert [len(job.kwargs["row_ids"]) for job in _queue().jobs] == [10, 10, 10]


def test_rows_of_a_job_come_in_the_order_in_which_they_were_received(app_context: Flask, db_session: Session) -> None:
    for number in range(40):
        _store_event(db_session, str(number))
    db_session.execute(sa.text("UPDATE inbound_events SET run_at = now() - make_interval(secs => CAST(dedupe_key AS int))"))
    db_session.commit()
    _relay()
    given = [row_id for job in _queue().jobs for row_id in job.kwargs["row_ids"]]
    oldest_first = sa.select(InboundEvent.id).order_by(InboundEvent.run_at)
    assert given == [str(row_id) for row_id in db_session.execute(oldest_first).scalars()]


def test_rows_of_a_shared_job_that_waits_are_not_put_there_again(app_context: Flask, db_session: Session) -> None:
    for number in range(30):
        _store_event(db_session, str(number))
    assert _relay() == 3
    _store_event(db_session, "new")
    assert _relay() == 1  # of the new one alone, though all are hinted again
    assert [len(job.kwargs["row_ids"]) for job in _queue().jobs] == [10, 10, 10, 1]


def test_reactions_of_one_event_share_a_job(app_context: Flask, db_session: Session) -> None:
    for _ in range(4):
        _promise(db_session, "route_after", "run_rules", "answer_by_itself")
    _relay()
    entries = {str(entry.id): entry.event_id for entry in db_session.execute(sa.select(OutboxEntry)).scalars()}
    events_of_jobs = [{entries[row_id] for row_id in job.kwargs["row_ids"]} for job in _queue().jobs]
    assert len(events_of_jobs) > 1
    assert sum(map(len, events_of_jobs)) == 4  # no event is in two of them


def test_pushes_go_before_what_waits_and_those_that_wait_share_a_job(app_context: Flask, db_session: Session) -> None:
    _store_event(db_session)
    _relay()
    for _ in range(9):
        _promise(db_session, "push_thread_change")
    assert _relay() == 1
    assert [len(job.kwargs["row_ids"]) for job in _queue().jobs] == [9, 1]


def test_pushes_do_not_wait_for_what_other_sources_of_their_table_handed_out(app_context: Flask, db_session: Session) -> None:
    for _ in range(6):
        _promise(db_session, "tell_of_new_work", "route_after")
        _relay()
    _promise(db_session, "push_thread_change")
    assert _relay() == 1
    assert len(_queue().jobs[0].kwargs["row_ids"]) == 1


def test_source_that_rests_is_handed_out_again_after_its_time(app_context: Flask, db_session: Session) -> None:
    rounds: dict[Source, float] = {}
    pushes = sources()[0]
    for _ in range(FLOOD_ROWS):
        _promise(db_session, "push_thread_change")
    assert _relay(rounds) == 1
    _promise(db_session, "push_thread_change")
    assert _relay(rounds) == 0
    rounds[pushes] -= PUSH_SECONDS
    assert _relay(rounds) == 1


def test_source_rests_less_after_few_rows(app_context: Flask, db_session: Session) -> None:
    pushes = sources()[0]
    pauses = [pushes.pause_after(rows) for rows in (0, 1, FLOOD_ROWS // 2, FLOOD_ROWS, 10 * FLOOD_ROWS)]
    assert pauses == pytest.approx([0, PUSH_SECONDS / FLOOD_ROWS, PUSH_SECONDS / 2, PUSH_SECONDS, PUSH_SECONDS])
    rounds: dict[Source, float] = {}
    _promise(db_session, "push_thread_change")
    began = time.monotonic()
    assert _relay(rounds) == 1
    assert rounds[pushes] <= time.monotonic() + pauses[1]
    assert rounds[pushes] >= began + pauses[1]


def test_many_addresses_are_handed_out_a_few_at_a_time(app_context: Flask, db_session: Session) -> None:
    place = AddressParts(typed="Kerkstraat 1, 1234AB Amsterdam")
    add_addresses(db_session, [(place, None)] * (2 * ADDRESSES_AT_ONCE), address_type=AddressType.INSTALLATION, now=NOW)
    db_session.commit()
    rounds: dict[Source, float] = {}
    assert _relay(rounds) == 1
    (job,) = Queue(SEND, connection=_connection(), serializer="json").jobs
    assert len(job.kwargs["row_ids"]) == ADDRESSES_AT_ONCE
    assert _relay(rounds) == 0, "the next are handed out in the next round"


def _store_event(session: Session, key: str = "one") -> None:
    store_event(session, RawEvent(source="whatsapp", dedupe_key=key, body=b"{}"))
    session.commit()


def _promise(session: Session, *handlers: str) -> None:
    event = Event(type="MessageReceived", occurred_at=NOW, depth=0, payload={})
    session.add(event)
    session.flush()
    session.add_all(OutboxEntry(event_id=event.id, handler=handler, queue=LIVE) for handler in handlers)
    session.commit()


def _relay(rounds: dict[Source, float] | None = None) -> int:
    return relay_once(sources(), connection=_connection(), sweep_seconds=0, rounds=rounds)


def _queue() -> Queue:
    return Queue(LIVE, connection=_connection(), serializer="json")


def _connection() -> redis.Redis:
    return runtime().redis
