"""The orders of a list: pages that fit together while threads arrive, for every order and every kind of filter."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import Team, User
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.threads.actions import assign_thread, change_priority, change_status
from app.domain.threads.models import Priority, Thread, ThreadStatus
from app.domain.threads.queries import ThreadFilter, list_threads
from app.domain.threads.sorting import NEVER, ListSort
from app.domain.threads.tags import change_tags
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread, make_viewer
from tests.support.database import again, back_to, ground_session
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

ORDERS: dict[ListSort, Callable[[Thread], tuple[object, ...]]] = {
    ListSort.NEWEST: lambda t: (-t.last_message_at.timestamp(), -t.id.int),
    ListSort.OLDEST: lambda t: (t.last_message_at.timestamp(), t.id.int),
    ListSort.DUE: lambda t: ((t.response_due_at or NEVER).timestamp(), t.last_message_at.timestamp(), t.id.int),
    ListSort.PRIORITY: lambda t: (-t.priority.rank, -t.last_message_at.timestamp(), -t.id.int),
}
TEAM = uuid.UUID(int=5)
FILTERS = {
    "open": ThreadFilter(),
    "all": ThreadFilter(view="all"),
    "unassigned": ThreadFilter(unassigned=True),
    "status": ThreadFilter(view="all", status=ThreadStatus.RESOLVED),
    "priority": ThreadFilter(priority=Priority.NORMAL),
    "tag": ThreadFilter(tag="druk"),
    "team": ThreadFilter(team_id=TEAM),
}


@dataclass
class Company:
    """Two brands whose threads lie at few different times, so that many keys are equal."""

    session: Session
    viewer: Viewer
    channels: list[Channel]
    hidden: Channel
    dice: random.Random = field(default_factory=lambda: random.Random(3))
    coin: random.Random = field(default_factory=lambda: random.Random(3))
    clock: random.Random = field(default_factory=lambda: random.Random(3))

    def add(self, channel: Channel, *, at: datetime | None = None) -> Thread:
        at = at or NOW - timedelta(minutes=self.dice.randrange(6))
        contact = make_contact(self.session, value=f"3160{self.dice.randrange(10**7):07}")
        thread = make_thread(self.session, channel, contact, at=at)
        who = {"thread_id": thread.id, "actor": SYSTEM, "now": NOW}
        change_priority(self.session, priority=self.dice.choice(list(Priority)), **who)  # type: ignore[arg-type]
        if self.dice.random() < 0.5:
            change_tags(self.session, add=("druk",), **who)  # type: ignore[arg-type]
        if self.dice.random() < 0.3:
            assign_thread(self.session, assignee_user_id=self.viewer.user_id, **who)  # type: ignore[arg-type]
        if self.dice.random() < 0.3:
            change_status(self.session, status=ThreadStatus.RESOLVED, **who)  # type: ignore[arg-type]
        if self.coin.random() < 0.5:
            thread.team_id = TEAM
        if self.clock.random() < 0.6:
            thread.response_due_at = NOW + timedelta(minutes=self.clock.randrange(3))
        self.session.flush()
        return thread

    def page(self, filter: ThreadFilter, sort: ListSort, cursor: str | None, limit: int) -> tuple[list[Thread], str | None]:
        found = list_threads(self.session, viewer=self.viewer, filter=filter, sort=sort, cursor=cursor, limit=limit)
        return [row.thread for row in found.items], found.next_cursor


@pytest.fixture(scope="module")
def founded(shared_app: Flask, ground: sa.Connection) -> Company:
    """Forty threads, put in place once."""
    with ground_session(ground) as session:
        brands = [make_brand(session), make_brand(session, "laderthuis")]
        with shared_app.app_context():
            keyring = runtime().keyring
            channels = [make_channel(session, brand, keyring=keyring, address=f"10660{n}") for n, brand in enumerate(brands)]
            hidden = make_channel(session, make_brand(session, "other"), keyring=keyring, address="106609")
        session.add(Team(id=TEAM, name="Service"))
        made = Company(session, make_viewer(session, brands=tuple(brands)), channels, hidden)
        for number in range(40):
            made.add((*channels, hidden)[number % 3])
        session.commit()
        return made


@pytest.fixture
def connection(founded: Company, ground: sa.Connection) -> Iterator[sa.Connection]:
    with back_to(ground) as connection:
        yield connection


@pytest.fixture
def company(app: Flask, db_session: Session, founded: Company) -> Company:
    channels = [again(db_session, channel) for channel in founded.channels]
    hidden, dice, coin = again(db_session, founded.hidden), copy(founded.dice), copy(founded.coin)
    return Company(db_session, founded.viewer, channels, hidden, dice, coin)


@pytest.mark.parametrize("sort", list(ListSort))
@pytest.mark.parametrize("name", list(FILTERS))
def test_pages_hold_each_thread_once_in_order_while_others_arrive(company: Company, name: str, sort: ListSort) -> None:
    filter = FILTERS[name]
    before, _none = company.page(filter, sort, None, 100)
    assert [t.id for t in before] == [t.id for t in sorted(before, key=ORDERS[sort])]
    assert len(before) > 4
    read: list[Thread] = []
    cursor: str | None = None
    while not read or cursor:
        rows, cursor = company.page(filter, sort, cursor, 4)
        read += rows
        company.add(company.channels[0])  # somewhere among the others
        company.add(company.channels[1], at=NOW + timedelta(minutes=len(read)))
        company.session.expire_all()
        if len(read) > 200:
            break
    ids = [t.id for t in read]
    assert len(ids) == len(set(ids)), "a thread stood on two pages"
    assert {t.id for t in before} <= set(ids), "a thread stood on no page"
    assert ids == [t.id for t in sorted(read, key=ORDERS[sort])]
    assert company.hidden.brand_id not in {t.brand_id for t in read}


def test_a_cursor_belongs_to_its_order(company: Company) -> None:
    _rows, cursor = company.page(FILTERS["open"], ListSort.NEWEST, None, 2)
    assert cursor is not None
    for sort in (ListSort.OLDEST, ListSort.PRIORITY, ListSort.DUE):
        with pytest.raises(BadCursor):
            company.page(FILTERS["open"], sort, cursor, 2)
    with pytest.raises(BadCursor):
        company.page(FILTERS["open"], ListSort.NEWEST, cursor[:-4] + "AAAA", 2)


def test_the_rank_of_a_priority_is_the_same_in_the_database(company: Company) -> None:
    pairs = company.session.execute(sa.select(Thread.priority, Thread.priority_rank).distinct()).all()
    assert len(pairs) == 5
    assert all(priority.rank == rank for priority, rank in pairs)


@pytest.fixture
def alice(db_session: Session, company: Company) -> User:
    user = db_session.get_one(User, company.viewer.user_id)
    db_session.commit()
    return user


def ids_on(text: str) -> list[uuid.UUID]:
    return [uuid.UUID(part.split('"')[0]) for part in text.split('id="row-')[1:]]


@pytest.mark.parametrize("sort", list(ListSort))
def test_the_order_stands_in_the_address_and_goes_along(
    page_client: PageClient, db_session: Session, company: Company, alice: User, sort: ListSort
) -> None:
    sign_in(page_client.plain, db_session, alice)
    text = page_client.get(f"/inbox/all?sort={sort.value}").text
    expected, _cursor = company.page(ThreadFilter(view="all"), sort, None, 30)
    assert ids_on(text) == [t.id for t in expected]
    if sort != ListSort.NEWEST:
        assert f"/threads/{expected[0].id}?view=all&amp;sort={sort.value}" in text


def test_what_makes_no_sense_is_the_usual_order(
    page_client: PageClient, db_session: Session, company: Company, alice: User
) -> None:
    sign_in(page_client.plain, db_session, alice)
    usual = ids_on(page_client.get("/inbox").text)
    assert usual
    for query in ("sort=nonsense", "sort=", "priority=9", "status=", "tag=%00", "brand=x"):
        assert ids_on(page_client.get(f"/inbox?{query}").text) == usual


def test_a_change_of_a_thread_wins_over_the_filter_of_its_list(
    page_client: PageClient, db_session: Session, company: Company, alice: User
) -> None:
    sign_in(page_client.plain, db_session, alice)
    thread = company.page(FILTERS["open"], ListSort.NEWEST, None, 1)[0][0]
    token = csrf_token(page_client.plain)
    page_client.post(f"/threads/{thread.id}/priority?priority=critical", data={"priority": "low", "csrf_token": token})
    page_client.post(f"/threads/{thread.id}/status?status=escalated", data={"status": "resolved", "csrf_token": token})
    db_session.refresh(thread)
    assert (thread.priority, thread.status) == (Priority.LOW, ThreadStatus.RESOLVED)


def test_the_density_of_lists_is_kept_with_the_profile(
    page_client: PageClient, db_session: Session, company: Company, alice: User
) -> None:
    sign_in(page_client.plain, db_session, alice)
    assert 'data-density="compact"' not in page_client.get("/inbox").text
    form = {"name": "Alice", "locale": "en", "timezone": "Europe/Amsterdam", "theme": "system", "density": "compact"}
    answer = page_client.post("/settings/profile", data={**form, "csrf_token": csrf_token(page_client.plain)})
    assert answer.status_code == 303
    assert 'data-density="compact"' in page_client.get("/inbox").text
