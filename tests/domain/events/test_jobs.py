"""Several rows in one job: each keeps its own claim, retry and end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.batches import run_in_turn
from app.core.ids import new_id
from app.core.storage import StorageFailed
from app.core.work import claim, hinting, take_hints
from app.domain.events import registry
from app.domain.events.actions import Subject, gathered, record
from app.domain.events.jobs import TABLE, run_outbox_entries, run_outbox_entries_at_once
from app.domain.events.models import Event, OutboxEntry
from app.domain.events.registry import AfterCommit, Together, Wiring
from tests.factories import NOW


class Broken(Exception):
    """What a handler raises."""


class Desk:
    """Handlers that note what they were given; `breaks` are the threads they fail at."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.breaks: set[int] = set()
        self.error: Exception = Broken()
        self.calls: list[list[int]] = []

    def run(self, event: Event) -> None:
        self.run_all([event])

    def run_all(self, events: Sequence[Event]) -> None:
        numbers = [event.payload["number"] for event in events]
        self.calls.append(numbers)
        if self.breaks & set(numbers):
            raise self.error

    def promise(self, count: int, handler: str = "noted") -> list[str]:
        entries = []
        for number in range(count):
            event = Event(type="ThreadTagged", occurred_at=NOW, depth=0, payload={"number": number})
            self.session.add(event)
            self.session.flush()
            entries.append(OutboxEntry(event_id=event.id, handler=handler, queue="live"))
        self.session.add_all(entries)
        self.session.commit()
        return [str(entry.id) for entry in entries]

    def states(self) -> list[tuple[str, int]]:
        self.session.expire_all()
        rows = self.session.execute(sa.select(OutboxEntry).order_by(OutboxEntry.id)).scalars()
        return [(row.state, row.attempts) for row in rows]


@pytest.fixture
def desk(app_context: Flask, db_session: Session) -> Iterator[Desk]:
    desk, before = Desk(db_session), registry.installed()
    handlers = (AfterCommit("noted", desk.run), AfterCommit("together", desk.run, run_all=desk.run_all))
    registry.install(Wiring({}, {"ThreadTagged": handlers}))
    yield desk
    registry.install(before)


def test_one_that_fails_costs_itself_alone(desk: Desk) -> None:
    desk.breaks = {1}
    run_outbox_entries(row_ids=desk.promise(3))
    assert desk.calls == [[0], [1], [2]]
    assert desk.states() == [("done", 1), ("ready", 1), ("done", 1)]


def test_what_the_machine_lacks_costs_no_try(desk: Desk) -> None:
    desk.breaks, desk.error = {1}, StorageFailed("no space left on the device")
    run_outbox_entries(row_ids=desk.promise(3))
    assert desk.states() == [("done", 1), ("ready", 0), ("done", 1)]


def test_handler_that_takes_many_is_called_once(desk: Desk) -> None:
    run_outbox_entries_at_once(row_ids=desk.promise(3, "together"))
    assert desk.calls == [[0, 1, 2]]
    assert desk.states() == [("done", 1)] * 3


def test_where_the_call_for_all_fails_each_is_tried_alone(desk: Desk) -> None:
    desk.breaks = {1}
    run_outbox_entries_at_once(row_ids=desk.promise(3, "together"))
    assert desk.calls == [[0, 1, 2], [0], [1], [2]]
    assert desk.states() == [("done", 1), ("ready", 1), ("done", 1)]


def test_entry_that_somebody_else_holds_is_left_to_them(desk: Desk) -> None:
    row_ids = desk.promise(3, "together")
    claim(desk.session, TABLE, int(row_ids[1]))
    desk.session.commit()
    run_outbox_entries_at_once(row_ids=row_ids)
    assert desk.calls == [[0, 2]]
    assert desk.states() == [("done", 1), ("running", 1), ("done", 1)]


def test_after_its_turn_a_job_leaves_the_rest_to_others(desk: Desk) -> None:
    row_ids = [int(row_id) for row_id in desk.promise(3)]
    take_hints(desk.session, hinting(TABLE, sweep_seconds=3600))
    desk.session.commit()
    ran: list[Any] = []
    run_in_turn(TABLE, row_ids, ran.append, seconds=0)
    assert ran == row_ids[:1]  # the first one has its turn in any case
    given_back = take_hints(desk.session, hinting(TABLE, sweep_seconds=3600))
    assert [row.id for row in given_back] == row_ids[1:]


def test_gathered_events_react_together_and_those_of_one_thread_in_turn(app_context: Flask, db_session: Session) -> None:
    heard: list[list[str]] = []

    def hear(_session: Session, events: Sequence[Event]) -> None:
        heard.append([event.payload["name"] for event in events])

    def hear_alone(_session: Session, event: Event) -> None:
        heard.append([event.payload["name"]])

    before = registry.installed()
    reactions = {"ThreadTagged": (Together(hear),), "ThreadEdited": (hear_alone,)}
    after = {"ThreadTagged": (AfterCommit("noted", lambda event: None, among=lambda _session, events: events[:1]),)}
    registry.install(Wiring(reactions, after))
    one, other = Subject(thread_id=new_id()), Subject(thread_id=new_id())
    try:
        with gathered(db_session):
            for event_type, subject, name in (
                ("ThreadTagged", one, "a"),
                ("ThreadTagged", other, "b"),
                ("ThreadTagged", one, "c"),  # the first two are through before
                ("ThreadCreated", one, "d"),  # nobody reacts, so nobody waits
                ("ThreadEdited", other, "e"),  # its reaction takes one at a time
                ("ThreadTagged", other, "f"),
            ):
                record(db_session, event_type, subject=subject, now=NOW, payload={"name": name})
            assert heard == [["a", "b"], ["c"], ["e"]]
    finally:
        registry.install(before)
    assert heard[3:] == [["f"]]
    db_session.flush()
    promised = sa.select(Event.payload["name"].astext).join(OutboxEntry, OutboxEntry.event_id == Event.id)
    assert list(db_session.execute(promised.order_by(OutboxEntry.id)).scalars()) == ["a", "c", "f"]
