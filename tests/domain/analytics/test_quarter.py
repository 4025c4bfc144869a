"""A simulated quarter of three brands, computed twice: facts agree one by one, figures agree for any filter, and a second run
changes nothing. One brand works by day with public holidays, one by night with nine closed days, one in Toronto, whose summer
time begins three weeks earlier. Questions come back, threads are merged, and some merges are undone and done again.

`QUARTER_THREADS=60000 pytest -n0 tests/domain/analytics/test_quarter.py -s` is the long run.
"""

from __future__ import annotations

import math
import os
import random
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import Brand, BrandMember
from app.domain.analytics.figures import sums_of
from app.domain.analytics.kinds import Kind
from app.domain.analytics.models import ReportFact, ReportScope
from app.domain.analytics.rollups import roll_next_day
from app.domain.analytics.settle import ask_for_rebuild
from app.domain.analytics.slices import slice_for
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM
from app.domain.sla.actions import CalendarContent, create_calendar
from app.domain.sla.active_policies import read_book, read_calendar
from app.domain.sla.rules import StoredCalendar, StoredDay
from app.domain.threads.actions import lock_thread
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.models import Thread, ThreadAlias
from app.domain.threads.move_models import ThreadMove
from tests.domain.analytics import reference
from tests.domain.analytics.conftest import Reports
from tests.domain.analytics.reference import Act, SlowReport, Story, Told
from tests.domain.sla.conftest import local
from tests.domain.sla.reference import SlowCalendar
from tests.factories import make_brand, make_channel
from tests.support.full import amount

THREADS = int(os.environ.get("QUARTER_THREADS", amount(40, full=600)))
FIRST, DAYS = local("2026-03-02 00:00"), 91
NOW = FIRST + timedelta(days=DAYS + 10)
GAPS = (7, 31, 55, 140, 300, 900, 1500, 4000, 6000, 11_000, 14_000)  # minutes


@dataclass(frozen=True)
class House:
    """A brand with its channels by kind, and its calendar, read the slow way."""

    brand: Brand
    channels: dict[str, Channel]
    calendar: SlowCalendar


def houses(reports: Reports) -> list[House]:
    desk, session = reports.desk, reports.session
    held = next(one for one in read_book(session).calendars if one.scope == (None, None, None))
    found = [House(desk.brand, {"email": desk.mail, "whatsapp": desk.chat}, slow(session, held.version_id))]
    night = StoredCalendar(week=(((22 * 60, 6 * 60),),) * 6 + ((),), own_days=tuple(StoredDay(day=day) for day in closed_days()))
    toronto = StoredCalendar(zone="America/Toronto", week=(((8 * 60, 17 * 60),),) * 5 + ((), ()), country="CA", region="QC")
    for key, rules in (("nachtwacht", night), ("bornes", toronto)):
        brand = make_brand(session, key)
        session.add_all(BrandMember(brand_id=brand.id, user_id=user.id) for user in (desk.alice, desk.bob, desk.lena))
        create_calendar(session, CalendarContent(key, rules, brand_id=brand.id), now=desk.now, actor=SYSTEM)
        keyring = runtime().keyring
        channels = {
            "email": make_channel(session, brand, ChannelType.EMAIL, keyring=keyring, address=f"info@{key}.example"),
            "whatsapp": make_channel(session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=keyring, address=key),
        }
        (version,) = {one.version_id for one in read_book(session).calendars if one.scope == (None, None, brand.id)}
        found.append(House(brand, channels, slow(session, version)))
    return found


def closed_days() -> list[date]:
    return [FIRST.date() + timedelta(days=9 * number + 4) for number in range(9)]


def slow(session: Session, version_id: uuid.UUID) -> SlowCalendar:
    return SlowCalendar(read_calendar(session, version_id).rules)


def tell(reports: Reports, house: House, dice: random.Random, number: int) -> Story:
    """One thread, played at the desk and written down; some questions came as threads of their own and were merged into it."""
    desk = reports.desk
    medium = "whatsapp" if dice.random() < 0.4 else "email"
    channel = house.channels[medium]
    contact = f"{number % 7 if dice.random() < 0.2 else number}@example.nl"
    desk.now = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60 - 30_000))
    thread = desk.thread(channel, value=contact)
    story, is_closed = Story(house.brand.key, medium, contact), False
    for step in range(dice.randrange(1, 8)):
        what = "ask" if step == 0 or is_closed else dice.choice(("ask", "answer", "answer", "resolve", "give"))
        who = dice.choice((desk.alice, desk.bob, desk.lena))
        if what == "ask" and step > 0 and dice.random() < 0.2:
            ask_beside(reports, channel, thread, contact, dice)
        elif what == "ask":
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


def ask_beside(reports: Reports, channel: Channel, thread: Thread, contact: str, dice: random.Random) -> None:
    """The customer asks in a thread of its own, which is merged with the other one: at times after an undo."""
    desk, session = reports.desk, reports.session
    beside = desk.thread(channel, value=contact)
    desk.ask(beside)
    ids = {"keep_id": thread.id, "merge_id": beside.id}
    for is_undone in (True, False) if dice.random() < 0.5 else (False,):
        merge_threads(session, **ids, now=desk.now, actor=desk.actor)
        if is_undone:
            move = sa.select(ThreadMove).where(ThreadMove.from_thread_id == ids["merge_id"], ThreadMove.undone_at.is_(None))
            undo_merge(session, session.execute(move).scalar_one(), now=desk.now, actor=desk.actor)


def told(reports: Reports) -> Counter[Told]:
    names = ("kind", "at", "open_seconds", "wall_seconds", "met")
    columns = [getattr(ReportFact, name) for name in names]
    query = sa.select(*columns, Brand.key, ReportScope.medium, ReportScope.user_id).join(ReportScope)
    query = query.join(Brand, Brand.id == ReportScope.brand_id).where(ReportFact.removed_at.is_(None))
    return Counter(
        Told(Kind(row.kind), row.at, row.key, row.medium, row.user_id, row.open_seconds, row.wall_seconds, row.met)
        for row in reports.session.execute(query)
    )


@pytest.mark.timeout(36_000)
def test_a_quarter_is_computed_alike_by_two_ways(reports: Reports) -> None:
    desk, dice = reports.desk, random.Random(20_260_302)
    reference.ANSWERER = desk.alice.id
    desk.now = FIRST
    all_houses = houses(reports)
    stories = [tell(reports, all_houses[number % 3], dice, number) for number in range(THREADS)]
    desk.now = NOW
    assert reports.session.execute(sa.select(sa.func.count()).select_from(ThreadAlias)).scalar_one() > THREADS / 10
    reports.settle()
    slowly = SlowReport(stories, {house.brand.key: house.calendar for house in all_houses}, NOW)
    expected, found = Counter(slowly.facts()), told(reports)
    assert found - expected == Counter()
    assert expected - found == Counter()
    check_figures(reports, all_houses, dice, list(expected.elements()))
    while roll_next_day(reports.session, now=NOW) is not None:
        pass
    check_figures(reports, all_houses, dice, list(expected.elements()))
    ids = sa.select(ReportFact.id).order_by(ReportFact.id)
    before = reports.session.execute(ids).scalars().all()
    ask_for_rebuild(reports.session, now=NOW)
    reports.settle()
    assert reports.session.execute(ids).scalars().all() == before


def check_figures(reports: Reports, all_houses: list[House], dice: random.Random, facts: list[Told]) -> None:
    """Counts, shares, medians, nine in ten and averages of random days and filters."""
    viewer = viewer_of(reports.session, reports.desk.noah)
    zones = {house.brand.key: house.calendar.zone for house in all_houses}
    by_kind = defaultdict[Kind, list[tuple[date, Told]]](list)
    for one in facts:
        by_kind[one.kind].append((one.at.astimezone(zones[one.brand]).date(), one))
    for _round in range(25):
        first = (FIRST + timedelta(days=dice.randrange(DAYS))).date()
        last = first + timedelta(days=dice.randrange(60))
        medium = dice.choice((None, "email", "whatsapp"))
        user_id = dice.choice((None, reports.desk.alice.id, reports.desk.bob.id))
        house = dice.choice((None, *all_houses))
        brand_id, brands = (house.brand.id, {house.brand.key}) if house else (None, set(zones))
        slice = slice_for(viewer, first=first, last=last, medium=medium, user_id=user_id, brand_id=brand_id)
        sums = reports.figures(slice).whole
        for kind in Kind:
            those = [one for day, one in by_kind[kind] if first <= day <= last and one.brand in brands]
            those = [one for one in those if medium in (None, one.medium) and user_id in (None, one.user_id)]
            got = sums_of(sums, kind)
            assert (got.n, got.met) == (len(those), sum(one.met is True for one in those))
            if kind in (Kind.FIRST_RESPONSE, Kind.NEXT_RESPONSE, Kind.RESOLVED) and those:
                times = sorted(one.open_seconds or 0 for one in those)
                assert got.median == times[math.ceil(0.5 * len(times)) - 1]
                assert got.p90 == times[math.ceil(0.9 * len(times)) - 1]
                assert math.isclose(got.average or 0, sum(times) / len(times), abs_tol=0.01)
