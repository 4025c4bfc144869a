"""A simulated quarter, computed twice: facts agree one by one, figures agree for any filter, and a second run changes nothing."""

from __future__ import annotations

import math
import random
from collections import Counter
from datetime import date, datetime, timedelta

import sqlalchemy as sa

from app.domain.accounts.access import viewer_of
from app.domain.analytics.figures import sums_of
from app.domain.analytics.kinds import Kind
from app.domain.analytics.models import ReportFact, ReportScope
from app.domain.analytics.rollups import roll_next_day
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.analytics.slices import slice_for
from app.domain.sla.active_policies import read_book, read_calendar
from app.domain.threads.actions import lock_thread
from tests.domain.analytics import reference
from tests.domain.analytics.conftest import Reports
from tests.domain.analytics.reference import Act, SlowReport, Story, Told
from tests.domain.sla.conftest import AMSTERDAM, local
from tests.domain.sla.reference import SlowCalendar
from tests.support.full import amount

FIRST, DAYS = local("2026-03-02 00:00"), 91
NOW = FIRST + timedelta(days=DAYS + 10)
GAPS = (7, 31, 55, 140, 300, 900, 1500, 4000, 6000, 11_000, 14_000)  # minutes


def tell(reports: Reports, dice: random.Random, number: int) -> Story:
    """One thread, played at the desk and written down."""
    desk = reports.desk
    channel, medium = (desk.chat, "whatsapp") if dice.random() < 0.4 else (desk.mail, "email")
    contact = f"{number % 7 if dice.random() < 0.2 else number}@example.nl"
    desk.now = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60 - 30_000))
    thread = desk.thread(channel, value=contact)
    story, is_closed = Story(medium, contact), False
    for step in range(dice.randrange(1, 8)):
        what = "ask" if step == 0 or is_closed else dice.choice(("ask", "answer", "answer", "resolve", "give"))
        who = dice.choice((desk.alice, desk.bob, desk.lena))
        if what == "ask":
            desk.ask(thread)
        elif what == "answer":
            desk.answer(thread, sender_user_id=who.id)
        elif what == "resolve":
            reports.resolve(thread, who)
        elif lock_thread(reports.session, thread.id).assignee_user_id == who.id:
            continue
        else:
            reports.assign(thread, who)
        is_closed = what == "resolve"
        story.acts.append(Act(desk.now, what, None if what == "ask" else who.id))
        desk.now += timedelta(minutes=dice.choice(GAPS) + dice.randrange(5))
    return story


def told(reports: Reports) -> Counter[Told]:
    names = ("kind", "at", "open_seconds", "wall_seconds", "met")
    columns = [getattr(ReportFact, name) for name in names]
    query = sa.select(*columns, ReportScope.medium, ReportScope.user_id).join(ReportScope).where(ReportFact.removed_at.is_(None))
    return Counter(
        Told(Kind(row.kind), row.at, row.medium, row.user_id, row.open_seconds, row.wall_seconds, row.met)
        for row in reports.session.execute(query)
    )


def test_a_quarter_is_computed_alike_by_two_ways(reports: Reports) -> None:
    desk, dice = reports.desk, random.Random(20_260_302)
    reference.ANSWERER = desk.alice.id
    stories = [tell(reports, dice, number) for number in range(amount(40, full=600))]
    desk.now = NOW
    reports.settle()
    held = next(one for one in read_book(reports.session).calendars if one.scope == (None, None, None))
    slow = SlowReport(stories, SlowCalendar(read_calendar(reports.session, held.version_id).rules), NOW)
    expected, found = Counter(slow.facts()), told(reports)
    assert found - expected == Counter()
    assert expected - found == Counter()
    check_figures(reports, dice, list(expected.elements()))
    while roll_next_day(reports.session, now=NOW) is not None:
        pass
    check_figures(reports, dice, list(expected.elements()))
    ids = sa.select(ReportFact.id).order_by(ReportFact.id)
    before = reports.session.execute(ids).scalars().all()
    ask_for_rebuild(reports.session, now=NOW)
    reports.settle()
    assert reports.session.execute(ids).scalars().all() == before


def check_figures(reports: Reports, dice: random.Random, facts: list[Told]) -> None:
    """Counts, shares, medians, nine in ten and averages of random days and filters."""
    viewer = viewer_of(reports.session, reports.desk.noah)
    for _round in range(25):
        first = (FIRST + timedelta(days=dice.randrange(DAYS))).date()
        last = first + timedelta(days=dice.randrange(60))
        medium = dice.choice((None, "email", "whatsapp"))
        user_id = dice.choice((None, reports.desk.alice.id, reports.desk.bob.id))
        slice = slice_for(viewer, first=first, last=last, medium=medium, user_id=user_id)
        sums = reports.figures(slice).whole
        for kind in Kind:
            those = [one for one in facts if one.kind == kind and first <= day(one.at) <= last]
            those = [one for one in those if medium in (None, one.medium) and user_id in (None, one.user_id)]
            got = sums_of(sums, kind)
            assert (got.n, got.met) == (len(those), sum(one.met is True for one in those))
            if kind in (Kind.FIRST_RESPONSE, Kind.NEXT_RESPONSE, Kind.RESOLVED) and those:
                times = sorted(one.open_seconds or 0 for one in those)
                assert got.median == times[math.ceil(0.5 * len(times)) - 1]
                assert got.p90 == times[math.ceil(0.9 * len(times)) - 1]
                assert math.isclose(got.average or 0, sum(times) / len(times), abs_tol=0.01)


def day(at: datetime) -> date:
    return at.astimezone(AMSTERDAM).date()
