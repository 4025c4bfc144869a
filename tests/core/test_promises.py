"""The one sequence by which promises are kept: who has the row notes, nobody else; tries, shortages and parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.promises import Ended, Ending, Failed, Later, More, Promise, in_database, keep
from app.core.storage import StorageFailed
from app.core.work import FAILED, Lease, claim

TABLE = sa.Table(
    "chores",
    sa.MetaData(),
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, default="ready"),
    sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.func.now()),
    sa.Column("attempts", sa.Integer, default=0),
    sa.Column("lease_token", sa.Uuid),
    sa.Column("lease_until", sa.DateTime(timezone=True)),
    sa.Column("hinted_at", sa.DateTime(timezone=True)),
    sa.Column("told", sa.Text, default=""),
    prefixes=["TEMPORARY"],
)


class Refused(Exception):
    """The other side says no."""


class Chores:
    """Rows of a table of our own, and what was done beside them."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def add(self, **values: Any) -> Any:
        row_id = new_id()
        self.session.execute(sa.insert(TABLE).values(id=row_id, **values))
        self.session.commit()
        return row_id

    def row(self, row_id: Any) -> Any:
        return self.session.execute(sa.select(TABLE).where(TABLE.c.id == row_id)).one()

    def make_due(self, row_id: Any) -> None:
        self.session.execute(sa.update(TABLE).where(TABLE.c.id == row_id).values(run_at=sa.func.now()))
        self.session.commit()


@pytest.fixture
def chores(app_context: Flask, db_session: Session) -> Iterator[Chores]:
    TABLE.create(db_session.connection())
    yield Chores(db_session)
    db_session.rollback()
    TABLE.drop(db_session.connection())


def calling(call: Callable[[Lease], str], note: Callable[[Any], Ending], **options: Any) -> Promise[Lease, str]:
    return Promise(TABLE, lambda _session, lease: lease, call, lambda _session, _lease, answer: note(answer), **options)


def ends(answer: Any) -> Ending:
    return Ended({"told": str(answer)})


def test_an_answer_is_noted_and_the_row_is_done_once(chores: Chores) -> None:
    calls: list[Lease] = []
    promise = calling(lambda lease: calls.append(lease) or "thanks", ends)
    row_id = chores.add()
    keep(promise, row_id)
    keep(promise, row_id)
    assert (chores.row(row_id).state, chores.row(row_id).told, len(calls)) == ("done", "thanks", 1)


def test_who_was_overtaken_in_the_call_notes_nothing(chores: Chores) -> None:
    row_id, beside = chores.add(), chores.add(told="untouched")
    newer: list[Lease | None] = []

    def call(_lease: Lease) -> str:
        overdue = sa.update(TABLE).where(TABLE.c.id == row_id).values(lease_until=sa.func.now() - sa.text("interval '1 minute'"))
        chores.session.execute(overdue)
        newer.append(claim(chores.session, TABLE, row_id))
        chores.session.commit()
        return "too late"

    def note(session: Session, _lease: Lease, answer: str) -> Ending:
        session.execute(sa.update(TABLE).where(TABLE.c.id == beside).values(told=answer))
        return Ended({"told": answer})

    keep(Promise(TABLE, lambda _session, lease: lease, call, note), row_id)
    assert newer[0] is not None
    assert (chores.row(row_id).told, chores.row(row_id).lease_token, chores.row(beside).told) == ("", newer[0].token, "untouched")


def test_a_refusal_is_tried_by_the_schedule_and_given_up(chores: Chores) -> None:
    def refuse(_lease: Lease) -> str:
        raise Refused("no")

    given_up = Ended({"told": "given up"}, FAILED)
    promise = calling(refuse, lambda answer: Failed(given_up, {"told": str(answer)}, asked_seconds=7), errors=(Refused,), tries=2)
    row_id = chores.add()
    keep(promise, row_id)
    row = chores.row(row_id)
    waits = chores.session.execute(sa.select(TABLE.c.run_at - sa.func.clock_timestamp())).scalar_one().total_seconds()
    assert (row.state, row.attempts, row.told) == ("ready", 1, "no")
    assert 5 < waits <= 7
    chores.make_due(row_id)
    keep(promise, row_id)
    assert (chores.row(row_id).state, chores.row(row_id).told) == ("failed", "given up")


def test_what_nobody_foresaw_is_raised_or_tried_again_where_the_kind_says_how_it_ends(chores: Chores) -> None:
    def act(_session: Session, _lease: Lease) -> Ending:
        raise ZeroDivisionError

    row_id = chores.add()
    with pytest.raises(ZeroDivisionError):
        keep(in_database(TABLE, act), row_id)
    other = chores.add()
    keep(in_database(TABLE, act, broken=lambda error: Ended({"told": type(error).__name__}), tries=1), other)
    assert (chores.row(row_id).state, chores.row(other).told) == ("running", "ZeroDivisionError")


def test_what_the_machine_lacks_is_no_try(chores: Chores) -> None:
    def act(_session: Session, _lease: Lease) -> Ending:
        raise StorageFailed("no disk")

    row_id = chores.add()
    keep(in_database(TABLE, act, broken=lambda _error: Ended(), tries=1), row_id)
    assert (chores.row(row_id).state, chores.row(row_id).attempts) == ("ready", 0)


def test_parts_follow_each_other_and_leave_others_their_turn(chores: Chores) -> None:
    def act(session: Session, lease: Lease) -> Ending:
        told = session.execute(sa.select(TABLE.c.told).where(TABLE.c.id == lease.row_id)).scalar_one() + "."
        return Ended({"told": told}) if len(told) == 3 else More({"told": told})

    row_id, patient = chores.add(), chores.add()
    keep(in_database(TABLE, act), row_id)
    keep(in_database(TABLE, act, turn_seconds=0), patient)
    assert (chores.row(row_id).state, chores.row(row_id).told) == ("done", "...")
    assert (chores.row(patient).state, chores.row(patient).told) == ("ready", ".")


def test_waiting_for_a_turn_costs_no_try(chores: Chores) -> None:
    row_id = chores.add()
    keep(calling(lambda _lease: "", lambda _answer: Later(60, is_try=False)), row_id)
    assert (chores.row(row_id).state, chores.row(row_id).attempts) == ("ready", 0)
