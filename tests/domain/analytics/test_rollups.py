"""Sums of days that are over: they say what facts say, for any filter, whatever is killed, repeated or late."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from math import ceil
from typing import Any, cast

import psycopg
import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.db import autocommitted, db, transaction
from app.domain.accounts.access import viewer_of
from app.domain.analytics.breakdown import Breakdown, read_breakdowns
from app.domain.analytics.cells import Times, counts, pack
from app.domain.analytics.jobs import roll_reports
from app.domain.analytics.kinds import Kind
from app.domain.analytics.models import ReportDay, ReportSeal
from app.domain.analytics.reading import CHANNEL, MEDIUM, PARTNER, PERSON, Wanted
from app.domain.analytics.rollups import Part, read_progress, roll_next
from app.domain.analytics.slices import Slice, slice_for
from tests.domain.analytics.conftest import Reports
from tests.domain.sla.conftest import make_desk
from tests.support.queries import at_most


def roll(reports: Reports) -> int:
    count = 0
    while roll_next(reports.session, now=reports.desk.now) is not None:
        count += 1
    return count


def work(reports: Reports, days: int = 5) -> None:
    """Some days with matters by mail and chat, answered by two people."""
    desk = reports.desk
    for number in range(days * 3):
        desk.at(f"2026-03-{2 + number // 3:02} {9 + number % 3 * 2:02}:00")
        thread = desk.thread(desk.chat if number % 2 else desk.mail, value=f"{number % 7}@example.nl")
        desk.ask(thread)
        desk.now += timedelta(minutes=3 + 11 * number)
        desk.answer(thread, sender_user_id=(desk.bob if number % 3 else desk.alice).id)
        reports.resolve(thread)
    desk.at("2026-03-20 12:00")
    reports.settle()


def slices(reports: Reports) -> list[Slice]:
    viewer = viewer_of(reports.session, reports.desk.noah)
    days = {"first": reports.desk.now.date() - timedelta(days=30), "last": reports.desk.now.date()}
    narrowed: list[dict[str, object]] = [
        {},
        {"medium": "email"},
        {"channel_id": reports.desk.chat.id},
        {"priority": "normal"},
        {"thread_type": "customer_support"},
        {"team_id": "none"},
        {"team_id": "none", "priority": "normal"},
        {"user_id": reports.desk.bob.id},
        {"is_open": False},
        {"until": reports.desk.now - timedelta(days=12)},
    ]
    return [slice_for(viewer, **{**days, **more}) for more in narrowed]


def figures(session: Session, slice: Slice) -> Breakdown:
    (found,), _state = read_breakdowns(session, Wanted([slice]))
    return found


def test_rolled_up_days_say_what_facts_say_for_each_filter(reports: Reports) -> None:
    work(reports)
    before = [figures(reports.session, one) for one in slices(reports)]
    assert before[0].whole[Kind.RECEIVED].n == 15
    roll(reports)
    progress = read_progress(reports.session)
    assert progress.days == progress.sealed == 5
    assert [figures(reports.session, one) for one in slices(reports)] == before
    everything = slices(reports)[0]
    with at_most(reports.session, 1):
        reports.figures(everything)


def test_whatever_it_is_told_apart_by_rolled_up_days_say_what_facts_say(reports: Reports) -> None:
    """By channel, person and partner; with days of some kinds alone; of slices side by side, one of them cut short."""
    work(reports)
    whole = slices(reports)[0]
    first = whole.first + timedelta(days=14)
    pair = [
        replace(whole, first=first),
        replace(whole, last=first - timedelta(days=1), until=reports.desk.now - timedelta(days=13)),
    ]
    for_bob = [replace(one, own_user_id=reports.desk.bob.id) for one in pair]
    wanted = [
        Wanted(them, by_day=by_day, by=by, later_by_day=by_day[:1])
        for them in (pair, for_bob)
        for by in (MEDIUM, CHANNEL, PERSON, PARTNER)
        for by_day in (tuple(Kind), (Kind.RECEIVED, Kind.RESOLVED))
    ]
    before = [read_breakdowns(reports.session, one)[0] for one in wanted]
    assert before[0][1].whole[Kind.RECEIVED].n > 0
    assert set(before[4][0].parts) == {str(reports.desk.alice.id), str(reports.desk.bob.id), "none"}
    assert set(before[1][0].days[first]) <= {Kind.RECEIVED, Kind.RESOLVED}
    roll(reports)
    after = [read_breakdowns(reports.session, one)[0] for one in wanted]
    for one, other in zip([b for pair in before for b in pair], [b for pair in after for b in pair], strict=True):
        assert one == other


def test_a_week_of_persons_is_read_in_place_of_its_days_and_corrected_with_them(reports: Reports) -> None:
    work(reports)
    (whole, *_others), desk = slices(reports), reports.desk

    def of_persons() -> Breakdown:
        (found,), _state = read_breakdowns(reports.session, Wanted([whole], by_day=(), by=PERSON))
        return found

    def lose(*parts: Part) -> None:
        reports.session.execute(sa.delete(ReportDay).where(ReportDay.part.in_(map(int, parts))))

    before = of_persons()
    assert before.parts[str(desk.bob.id)][Kind.FIRST_RESPONSE].n > 0
    roll(reports)
    assert of_persons() == before
    lose(Part.PERSON)
    assert of_persons() == before  # all five days are of one week
    thread = desk.thread(value="late@example.nl")
    desk.at("2026-03-04 10:00")
    desk.ask(thread)
    desk.now += timedelta(minutes=3)
    desk.answer(thread, sender_user_id=desk.bob.id)
    desk.at("2026-03-20 13:00")
    reports.settle()
    reports.session.execute(sa.delete(ReportSeal))
    corrected = of_persons()
    count = before.parts[str(desk.bob.id)][Kind.FIRST_RESPONSE].n + 1
    assert corrected.parts[str(desk.bob.id)][Kind.FIRST_RESPONSE].n == count
    roll(reports)
    lose(Part.PERSON)
    assert of_persons() == corrected


def test_a_late_correction_is_in_the_figures_at_once_and_rolled_again(reports: Reports) -> None:
    work(reports)
    roll(reports)
    sealed = read_progress(reports.session).sealed
    desk = reports.desk
    thread = desk.thread(value="late@example.nl")
    desk.at("2026-03-04 10:00")
    desk.ask(thread)
    desk.at("2026-03-20 13:00")
    reports.settle()
    assert read_progress(reports.session).sealed < sealed
    changed = figures(reports.session, slices(reports)[0])
    assert changed.whole[Kind.RECEIVED].n == 16
    assert roll(reports) > 0
    assert figures(reports.session, slices(reports)[0]) == changed


def test_rolling_twice_or_being_killed_in_between_changes_nothing(reports: Reports) -> None:
    work(reports)
    expected = figures(reports.session, slices(reports)[0])
    killed = reports.session.begin_nested()
    roll_next(reports.session, now=reports.desk.now)
    killed.rollback()
    assert reports.session.execute(sa.select(sa.func.count()).select_from(ReportSeal)).scalar_one() == 0
    roll(reports)
    rows = reports.session.execute(sa.select(sa.func.count()).select_from(ReportDay)).scalar_one()
    reports.session.execute(sa.delete(ReportSeal))
    roll(reports)
    assert reports.session.execute(sa.select(sa.func.count()).select_from(ReportDay)).scalar_one() == rows
    assert figures(reports.session, slices(reports)[0]) == expected


def test_a_rollup_whose_connection_is_cut_on_the_way_is_done_by_the_next(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        with transaction() as session:
            reports = Reports(make_desk(session))
            work(reports, days=2)
            wanted = slices(reports)
            expected = [figures(session, one) for one in wanted]
        for statement in range(60):
            with cut_at(statement) as is_cut:
                try:
                    rolled = roll_reports()
                except sa.exc.OperationalError:
                    rolled = None
            with transaction() as session:
                assert [figures(session, one) for one in wanted] == expected
                if not is_cut:
                    break
                assert rolled is None
        assert statement > 10
        with transaction() as session:
            progress = read_progress(session)
            assert progress.days == progress.sealed


@contextmanager
def cut_at(statement: int) -> Iterator[list[int]]:
    """The server ends the connection just before this statement of the block; the list tells which connections it ended."""
    left, cut = [statement], list[int]()

    def count_down(connection: sa.Connection, *_arguments: Any) -> None:
        left[0] -= 1
        if left[0] == -1:
            driver = cast(psycopg.Connection[Any], connection.connection.driver_connection)
            cut.append(driver.info.backend_pid)
            with autocommitted() as other, other.cursor() as cursor:
                cursor.execute("SELECT pg_terminate_backend(%s, 10000)", cut)

    sa.event.listen(db.engine, "before_cursor_execute", count_down)
    try:
        yield cut
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", count_down)


def test_times_of_several_pieces_are_those_of_the_sorted_values() -> None:
    dice = random.Random(9)
    for _round in range(300):
        most = dice.choice((3, 50, 100_000))
        parts = [dice.choices(range(most), k=dice.randrange(1, 6)) for _part in range(dice.randrange(1, 5))]
        whole, times = sorted(value for part in parts for value in part), Times([*map(pack, parts)])
        assert (times.median, times.p90) == tuple(whole[max(1, ceil(share * len(whole))) - 1] for share in (0.5, 0.9))
        assert times.average == pytest.approx(sum(whole) / len(whole))
        edges = (10, 30, 60_000)
        places = [0, *(bisect_left(whole, edge) for edge in edges), len(whole)]
        assert times.in_steps(edges) == [later - earlier for earlier, later in pairwise(places)]
        assert times == Times([pack(whole)])
        assert times != Times([pack([*whole, 1])])


def test_small_numbers_that_are_packed_are_counted() -> None:
    assert counts(pack([23, 0, 23, 10])) == {0: 1, 10: 1, 23: 2}
    assert counts(b"") == {}
