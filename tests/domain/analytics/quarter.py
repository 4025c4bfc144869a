"""A simulated quarter of three brands: stories drawn by dice, and played at the desk.

One brand works by day with public holidays, one by night with nine closed days, one in Toronto, whose summer time begins three
weeks earlier. Questions come back, threads are merged, and some merges are undone and done again. `written.py` writes the same
stories as rows.
"""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, BrandMember, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.actions import SYSTEM
from app.domain.sla.actions import CalendarContent, create_calendar
from app.domain.sla.active_policies import read_book, read_calendar
from app.domain.sla.rules import StoredCalendar, StoredDay
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.models import Thread
from app.domain.threads.move_models import ThreadMove
from tests.domain.analytics.conftest import Reports
from tests.domain.analytics.reference import Act, Story
from tests.domain.sla.conftest import Desk, local
from tests.domain.sla.reference import SlowCalendar
from tests.factories import make_brand, make_channel

FIRST, DAYS = local("2026-03-02 00:00"), 91
NOW = FIRST + timedelta(days=DAYS + 10)
GAPS = (7, 31, 55, 140, 300, 900, 1500, 4000, 6000, 11_000, 14_000)  # minutes


@dataclass(frozen=True)
class House:
    """A brand with its channels by kind, and its calendar, read the slow way."""

    brand: Brand
    channels: dict[str, Channel]
    calendar: SlowCalendar


def open_houses(reports: Reports) -> list[House]:
    desk, session = reports.desk, reports.session
    held = next(one for one in read_book(session).calendars if one.scope == (None, None, None))
    found = [House(desk.brand, {"email": desk.mail, "whatsapp": desk.chat}, slow(session, held.version_id))]
    night = StoredCalendar(week=(((22 * 60, 6 * 60),),) * 6 + ((),), own_days=tuple(StoredDay(day=day) for day in closed_days()))
    toronto = StoredCalendar(zone="America/Toronto", week=(((8 * 60, 17 * 60),),) * 5 + ((), ()), country="CA", region="QC")
    for key, rules in (("nachtwacht", night), ("bornes", toronto)):
        brand = make_brand(session, key)
        session.add_all(BrandMember(brand_id=brand.id, user_id=user.id) for user in staff(desk))
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


def staff(desk: Desk) -> tuple[User, User, User]:
    return desk.alice, desk.bob, desk.lena


def draw(house: House, desk: Desk, dice: random.Random, number: int) -> Story:
    """One thread; some questions come as threads of their own and are merged into it, at times after an undo."""
    medium = "whatsapp" if dice.random() < 0.4 else "email"
    contact = f"{number % 7 if dice.random() < 0.2 else number}@example.nl"
    at = FIRST + timedelta(minutes=dice.randrange(DAYS * 24 * 60 - 30_000))
    story, is_closed, holder = Story(house.brand.key, medium, contact), False, None
    for step in range(dice.randrange(1, 8)):
        what = "ask" if step == 0 or is_closed else dice.choice(("ask", "answer", "answer", "resolve", "give"))
        who = dice.choice(staff(desk)).id
        merges = 0
        if what == "ask" and step > 0 and dice.random() < 0.2:
            merges = 2 if dice.random() < 0.5 else 1
        elif what == "answer":
            holder = holder or desk.alice.id
        elif what == "give" and holder == who:
            continue
        elif what == "give":
            holder = who
        is_closed = what == "resolve"
        story.acts.append(Act(at, what, None if what == "ask" else who, merges))
        at += timedelta(minutes=dice.choice(GAPS) + dice.randrange(5))
    return story


def play(reports: Reports, house: House, story: Story) -> uuid.UUID:
    """Play it by the actions that the pages call. Returns the id of its thread."""
    desk, channel = reports.desk, house.channels[story.medium]
    people = {user.id: user for user in staff(desk)}
    desk.now = story.acts[0].at
    thread = desk.thread(channel, value=story.contact)
    for act in story.acts:
        desk.now = act.at
        if act.merges:
            ask_beside(reports, channel, thread, story.contact, act.merges)
        elif act.what == "ask":
            desk.ask(thread)
        elif act.what == "answer":
            desk.answer(thread, sender_user_id=act.who)
        elif act.what == "resolve" and act.who is not None:
            reports.resolve(thread, people[act.who])
        elif act.who is not None:
            reports.assign(thread, people[act.who])
    return thread.id


def ask_beside(reports: Reports, channel: Channel, thread: Thread, contact: str, merges: int) -> None:
    """The customer asks in a thread of its own, which is merged with the other one, each time but the last in vain."""
    desk, session = reports.desk, reports.session
    beside = desk.thread(channel, value=contact)
    desk.ask(beside)
    ids = {"keep_id": thread.id, "merge_id": beside.id}
    for number in range(merges):
        merge_threads(session, **ids, now=desk.now, actor=desk.actor)
        if number < merges - 1:
            move = sa.select(ThreadMove).where(ThreadMove.from_thread_id == ids["merge_id"], ThreadMove.undone_at.is_(None))
            undo_merge(session, session.execute(move).scalar_one(), now=desk.now, actor=desk.actor)
