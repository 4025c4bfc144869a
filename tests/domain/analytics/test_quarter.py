"""A simulated quarter of three brands (quarter.py), computed twice: facts agree one by one, figures agree for any filter, and
what is killed or done again changes nothing.

`QUARTER_THREADS=60000 pytest -n0 tests/domain/analytics/test_quarter.py -s` is the long run, on a database of its own. It plays
one thread of forty and writes the others as rows (written.py); `QUARTER_PLAYED=1` plays each.
"""

from __future__ import annotations

import math
import os
import random
import time
import uuid
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import db, table_of
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand
from app.domain.analytics.figures import sums_of
from app.domain.analytics.histories import ThreadHistory, read_threads
from app.domain.analytics.kinds import Kind
from app.domain.analytics.models import ReportDay, ReportFact, ReportMark, ReportScope, ReportSeal
from app.domain.analytics.rollups import roll_next
from app.domain.analytics.settle import ask_for_rebuild, settle_batch
from app.domain.analytics.slices import slice_for
from app.domain.threads.models import ThreadAlias
from tests.domain.analytics import reference
from tests.domain.analytics.conftest import Reports
from tests.domain.analytics.quarter import DAYS, FIRST, NOW, House, draw, open_houses, play
from tests.domain.analytics.reference import SlowReport, Story, Told
from tests.domain.analytics.written import write_down
from tests.domain.sla.conftest import make_desk
from tests.support.database import TestServers
from tests.support.full import amount

THREADS = int(os.environ.get("QUARTER_THREADS", amount(40, full=600)))
IS_LONG = THREADS > 2_000
PLAYED = int(os.environ.get("QUARTER_PLAYED", 40 if IS_LONG else 1))
AT_ONCE = 1_000
KILLS = 0.05
"""How often what is written at once (a batch of facts, the sums of a day) is killed on the way, and done again."""


class Killed(Exception):
    """Nothing of what was begun stays."""


@pytest.fixture
def office(request: pytest.FixtureRequest, servers: TestServers) -> Iterator[Reports]:
    """The desk; for the long run with real commits, as one transaction does not bear so much."""
    if not IS_LONG:
        yield request.getfixturevalue("reports")
        return
    app: Flask = request.getfixturevalue("fresh_app")
    with app.app_context(), db.engine.connect() as connection:
        connection.execute(sa.text("SET statement_timeout = 0"))
        connection.execute(sa.text("SET idle_in_transaction_session_timeout = 0"))  # while it is reckoned slowly
        connection.commit()
        with Session(connection, autoflush=False, expire_on_commit=False) as session:
            yield Reports(make_desk(session))


@pytest.mark.timeout(36_000)
def test_a_quarter_is_computed_alike_by_two_ways(office: Reports) -> None:
    desk, session, dice = office.desk, office.session, random.Random(20_260_302)
    reference.ANSWERER = desk.alice.id
    desk.now = FIRST
    houses = open_houses(office)
    told = [(house, draw(house, desk, dice, number)) for number in range(THREADS) for house in (houses[number % 3],)]
    fill(office, told)
    desk.now = NOW
    assert count(session, ThreadAlias) > THREADS / 10
    settle(office, dice, "facts")
    slowly = SlowReport([story for _house, story in told], {house.brand.key: house.calendar for house in houses}, NOW)
    facts = list(slowly.facts())
    say(f"{len(facts)} facts reckoned the slow way")
    expected, found = Counter(facts), facts_of(session)
    assert found - expected == Counter()
    assert expected - found == Counter()
    say("every fact agrees")
    by_day = ByDay(houses, facts)
    check_figures(office, by_day, dice)
    roll(office, dice, days=DAYS // 2)
    check_figures(office, by_day, dice, rounds=5)
    roll(office, dice)
    check_figures(office, by_day, dice)
    days = rolled_days(session)
    session.execute(sa.delete(ReportSeal).where(ReportSeal.local_day > FIRST.date() + timedelta(days=60)))
    roll(office, dice)
    assert rolled_days(session) == days
    say("days summed up again say the same")
    ids = sa.select(ReportFact.id, ReportFact.removed_at).order_by(ReportFact.id)
    before, seals = session.execute(ids).all(), count(session, ReportSeal)
    ask_for_rebuild(session, now=NOW)
    settle(office, dice, "rebuild")
    assert session.execute(ids).all() == before
    assert count(session, ReportSeal) == seals
    say("facts made again are the same")


def fill(office: Reports, told: Sequence[tuple[House, Story]]) -> None:
    """Play the first of so many threads, and write the others. What is written has the same history as what is played."""
    session = office.session
    for begin in range(0, len(told), AT_ONCE):
        some = told[begin : begin + AT_ONCE]
        played = {play(office, house, story): (house, story) for house, story in some[::PLAYED]}
        check_written(office, played)
        write_down(session, office.desk, [one for number, one in enumerate(some) if number % PLAYED])
        session.commit()
        if begin // AT_ONCE % 5 == 0:
            vacuum()
        say(f"{begin + len(some)} threads, of these {len(played)} more played")
    vacuum()


def check_written(office: Reports, played: dict[uuid.UUID, tuple[House, Story]]) -> None:
    """Written down for other contacts, and read back, played stories have the same histories, however they are made."""
    session, point = office.session, office.session.begin_nested()
    twins = [(house, replace(story, contact=f"twin-{story.contact}")) for house, story in played.values()]
    ids = write_down(session, office.desk, twins)
    first, second = read_threads(session, played.keys()), read_threads(session, ids)
    for played_id, written_id in zip(played, ids, strict=True):
        assert plain(second[written_id]) == plain(first[played_id]), played[played_id]
    point.rollback()


def plain(history: ThreadHistory) -> ThreadHistory:
    """Without ids, and without what else its contact asked."""
    place = {said.id: uuid.UUID(int=number) for number, said in enumerate(history.messages, 1)}
    messages = tuple(replace(said, id=place[said.id]) for said in history.messages)
    moments = tuple(replace(one, message_id=one.message_id and place[one.message_id]) for one in history.moments)
    return replace(history, thread_id=uuid.UUID(int=0), messages=messages, moments=moments, others=())


def facts_of(session: Session) -> Counter[Told]:
    names = ("kind", "at", "open_seconds", "wall_seconds", "met")
    columns = [getattr(ReportFact, name) for name in names]
    query = sa.select(*columns, Brand.key, ReportScope.medium, ReportScope.user_id).join(ReportScope)
    query = query.join(Brand, Brand.id == ReportScope.brand_id).where(ReportFact.removed_at.is_(None))
    return Counter(
        Told(Kind(row.kind), row.at, row.key, row.medium, row.user_id, row.open_seconds, row.wall_seconds, row.met)
        for row in session.execute(query)
    )


@contextmanager
def killed_at(session: Session, statement: int) -> Iterator[None]:
    """Whoever does what the block does is killed at this statement, or before the commit."""
    left, connection, point = [statement], session.connection(), session.begin_nested()

    def count_down(*_arguments: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed

    sa.event.listen(connection, "before_cursor_execute", count_down)
    try:
        yield
    except Killed:
        pass
    finally:
        sa.event.remove(connection, "before_cursor_execute", count_down)
        point.rollback()


def settle(office: Reports, dice: random.Random, what: str) -> None:
    """Make facts, with a kill at the first batch and at some others."""
    total = 0
    with killed_at(office.session, dice.randrange(30)):
        settle_batch(office.session, now=NOW)
    for number, done in enumerate(office.batches()):
        office.session.expunge_all()
        if dice.random() < KILLS:
            with killed_at(office.session, dice.randrange(30)):
                settle_batch(office.session, now=NOW)
        total += done
        if number % 25 == 24:
            office.session.commit()
            vacuum()
            say(f"{what} of {total} threads")
    assert count(office.session, ReportMark) == 0
    office.session.commit()
    vacuum()
    say(f"{what}: {total} threads")


def roll(office: Reports, dice: random.Random, days: int = 1_000) -> None:
    """Sum up so many days, with a kill at the first and at some others."""
    for number in range(days):
        if not number or dice.random() < KILLS:
            before = count(office.session, ReportSeal)
            with killed_at(office.session, dice.randrange(20)):
                roll_next(office.session, now=NOW)
            assert count(office.session, ReportSeal) == before
        day = roll_next(office.session, now=NOW)
        office.session.commit()
        if day is None:
            break
    vacuum()
    say(f"{count(office.session, ReportSeal)} days are summed up")


def rolled_days(session: Session) -> Counter[Any]:
    """What the days say, without the ids of their rows. A packed list has any order: PostgreSQL may read a day in another one."""
    columns = [column for column in table_of(ReportDay).columns if column.name != "id"]
    rows = session.execute(sa.select(*columns))
    return Counter(tuple(tuple(sorted(array("i", one))) if isinstance(one, bytes) else one for one in row) for row in rows)


def count(session: Session, model: Any) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(model)).scalar_one()


class ByDay:
    """What was reckoned the slow way, by kind, with its local days and hours."""

    def __init__(self, houses: Sequence[House], facts: Sequence[Told]) -> None:
        self.houses = houses
        self.found = defaultdict[Kind, list[tuple[date, int, Told]]](list)
        zones = {house.brand.key: house.calendar.zone for house in houses}
        for one in facts:
            at = one.at.astimezone(zones[one.brand])
            self.found[one.kind].append((at.date(), at.hour, one))


def check_figures(office: Reports, reckoned: ByDay, dice: random.Random, rounds: int = 25) -> None:
    """Counts, shares, medians, nine in ten, averages and hours of random days and filters."""
    viewer = viewer_of(office.session, office.desk.noah)
    for _round in range(rounds):
        first = (FIRST + timedelta(days=dice.randrange(DAYS))).date()
        last = first + timedelta(days=dice.randrange(60))
        medium = dice.choice((None, "email", "whatsapp"))
        user_id = dice.choice((None, office.desk.alice.id, office.desk.bob.id))
        house = dice.choice((None, *reckoned.houses))
        brand_id, brands = (house.brand.id, {house.brand.key}) if house else (None, {one.brand.key for one in reckoned.houses})
        slice = slice_for(viewer, first=first, last=last, medium=medium, user_id=user_id, brand_id=brand_id)
        figures = office.figures(slice)
        for kind in Kind:
            those = [
                (day, hour, one)
                for day, hour, one in reckoned.found[kind]
                if first <= day <= last
                and one.brand in brands
                and medium in (None, one.medium)
                and user_id in (None, one.user_id)
            ]
            got = sums_of(figures.whole, kind)
            assert (got.n, got.met) == (len(those), sum(one.met is True for _day, _hour, one in those))
            if kind == Kind.RECEIVED:
                assert figures.hours == Counter((day.weekday(), hour) for day, hour, _one in those)
            if kind in (Kind.FIRST_RESPONSE, Kind.NEXT_RESPONSE, Kind.RESOLVED) and those:
                times = sorted(one.open_seconds or 0 for _day, _hour, one in those)
                assert got.median == times[math.ceil(0.5 * len(times)) - 1]
                assert got.p90 == times[math.ceil(0.9 * len(times)) - 1]
                assert math.isclose(got.average or 0, sum(times) / len(times), abs_tol=0.01)
    office.session.commit()
    say(f"figures of {rounds} filters agree")


def vacuum() -> None:
    """Do what PostgreSQL does by itself, but not in tests."""
    if IS_LONG:
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("SET statement_timeout = 0"))
            connection.execute(sa.text("VACUUM (ANALYZE)"))


_BEGUN = time.monotonic()


def say(what: str) -> None:
    """Tell whoever looks on (`-s`) how far it is."""
    print(f"{(time.monotonic() - _BEGUN) / 60:6.1f} min  {what}", flush=True)
