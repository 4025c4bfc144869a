"""Snoozing: out of the open views until its time, or until the other side writes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.threads.actions import change_status, reopen_for_incoming
from app.domain.threads.jobs import wake_snoozed_threads
from app.domain.threads.models import Thread, ThreadRead, ThreadStatus
from app.domain.threads.reads import mark_read
from app.domain.threads.snooze import (
    BadSnoozeTime,
    offered_times,
    read_snooze_time,
    snooze_thread,
    snooze_times,
    wake_due_threads,
)
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
HOUR = timedelta(hours=1)


@dataclass
class Desk:
    client: PageClient
    session: Session
    alice: User
    channel: Channel
    thread: Thread

    def post(self, path: str, *, htmx: bool = False, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        url = f"/threads/{self.thread.id}/{path}"
        return self.client.post(url, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def shown_in(self, view: str) -> bool:
        return "De laadpaal knippert" in self.client.get(f"/inbox/{view}".rstrip("/")).text

    def now_is(self) -> Thread:
        self.session.expire_all()
        return self.session.get_one(Thread, self.thread.id)

    def snooze(self, until: datetime) -> None:
        actor = Actor(user_id=self.alice.id)
        snooze_thread(self.session, thread_id=self.thread.id, until=until, actor=actor, now=utc_now())
        self.session.commit()

    def events(self) -> list[str]:
        query = sa.select(Event.type).where(Event.thread_id == self.thread.id).order_by(Event.occurred_at, Event.id)
        return [name for name in self.session.execute(query).scalars() if "nooze" in name]


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    make_message(db_session, thread, "De laadpaal knippert rood", at=utc_now())
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, channel, thread)


def test_a_snoozed_thread_leaves_the_open_views_and_stands_under_snoozed(desk: Desk) -> None:
    assert desk.post("snooze", choice="tomorrow").status_code == 303
    assert [desk.shown_in(view) for view in ("", "unassigned", "whatsapp", "snoozed", "all")] == [False] * 3 + [True] * 2
    assert desk.post("snooze/ending").status_code == 303
    assert desk.shown_in("")
    assert not desk.shown_in("snoozed")
    assert desk.events() == ["ThreadSnoozed", "SnoozeEnded"]
    assert "Alice ended the snooze" in desk.client.get(f"/threads/{desk.thread.id}").text


def test_at_its_time_it_comes_back_open_and_unread_and_says_so(desk: Desk) -> None:
    now = utc_now()
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.WAITING_CUSTOMER, actor=Actor(), now=now)
    mark_read(desk.session, user_id=desk.alice.id, thread_id=desk.thread.id, seen_seq=1, now=now)
    desk.snooze(now + HOUR)
    assert wake_due_threads(desk.session, now=now + HOUR - timedelta(seconds=1)) == 0
    assert wake_due_threads(desk.session, now=now + HOUR) == 1
    assert wake_due_threads(desk.session, now=now + HOUR) == 0
    desk.session.commit()
    assert desk.now_is().status == ThreadStatus.OPEN
    assert "thread-row--unread" in desk.client.get("/inbox").text
    assert "Back from snooze" in desk.client.get(f"/threads/{desk.thread.id}").text
    assert "thread-row--unread" not in desk.client.get("/inbox").text


def test_a_thread_nobody_outside_wrote_in_comes_back_unread_too(desk: Desk) -> None:
    now = utc_now()
    thread = make_thread(desk.session, desk.channel, make_contact(desk.session), at=now)
    thread.message_count = 1
    mark_read(desk.session, user_id=desk.alice.id, thread_id=thread.id, seen_seq=1, now=now)
    snooze_thread(desk.session, thread_id=thread.id, until=now + HOUR, actor=Actor(), now=now)
    desk.session.flush()
    wake_due_threads(desk.session, now=now + HOUR)
    desk.session.commit()
    desk.session.expire_all()
    assert desk.session.get_one(ThreadRead, (desk.alice.id, thread.id)).seen_seq < thread.inbound_seq


def test_a_message_from_outside_brings_it_back_at_once(desk: Desk) -> None:
    desk.snooze(utc_now() + HOUR)
    make_message(desk.session, desk.now_is(), "De laadpaal knippert nog steeds", at=utc_now())
    reopen_for_incoming(desk.session, desk.now_is(), now=utc_now())
    desk.session.commit()
    assert desk.now_is().snoozed_until is None
    assert desk.shown_in("")
    assert "Back from snooze: a message came in" in desk.client.get(f"/threads/{desk.thread.id}").text


@pytest.mark.parametrize("status", [ThreadStatus.ESCALATED, ThreadStatus.OPEN])
def test_an_escalated_thread_stays_escalated_when_it_comes_back(desk: Desk, status: ThreadStatus) -> None:
    now = utc_now()
    change_status(desk.session, thread_id=desk.thread.id, status=status, actor=Actor(), now=now)
    desk.snooze(now + HOUR)
    wake_due_threads(desk.session, now=now + HOUR)
    desk.session.commit()
    assert desk.now_is().status == status


def test_closing_ends_a_snooze_and_snoozing_opens_what_was_closed(desk: Desk) -> None:
    desk.snooze(utc_now() + HOUR)
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.CLOSED, actor=Actor(), now=utc_now())
    desk.session.commit()
    assert desk.now_is().snoozed_until is None
    desk.snooze(utc_now() + HOUR)
    assert (desk.now_is().status, desk.now_is().resolved_at) == (ThreadStatus.OPEN, None)


def test_the_job_wakes_more_than_one_batch(desk: Desk, app: Flask) -> None:
    past, contact = utc_now() - HOUR, make_contact(desk.session)
    for _ in range(120):
        make_thread(desk.session, desk.channel, contact, at=past).snoozed_until = past
    desk.session.commit()
    with app.app_context():
        assert wake_snoozed_threads() == 120
        assert wake_snoozed_threads() == 0


@pytest.mark.parametrize("until", ["", "gisteren", "2020-01-01T10:00", "2999-01-01T10:00", "9999-12-31T23:59"])
def test_a_bad_time_is_refused_beside_its_field(desk: Desk, until: str) -> None:
    answer = desk.post("snooze", htmx=True, until=until)
    assert answer.status_code == 422
    assert 'id="snooze-error"' in answer.text
    assert desk.post("snooze", until=until).status_code == 422
    assert desk.now_is().snoozed_until is None


def test_a_picked_time_is_read_in_the_readers_zone() -> None:
    now = datetime(2026, 7, 1, 8, tzinfo=UTC)
    at = read_snooze_time("2026-07-02T09:30", now=now, zone=AMSTERDAM)
    assert at == datetime(2026, 7, 2, 7, 30, tzinfo=UTC)
    assert read_snooze_time("2026-07-02T09:30+00:00", now=now, zone=AMSTERDAM) == datetime(2026, 7, 2, 9, 30, tzinfo=UTC)
    with pytest.raises(BadSnoozeTime):
        read_snooze_time("2026-07-01T10:00", now=now, zone=AMSTERDAM)  # that is now


@pytest.mark.parametrize(
    ("local", "later", "tomorrow", "week"),
    [
        ("2026-11-18T10:07", "2026-11-18T13:15", "2026-11-19T08:00", "2026-11-23T08:00"),
        ("2026-11-18T22:00", None, "2026-11-19T08:00", "2026-11-23T08:00"),
        ("2026-11-23T09:00", "2026-11-23T12:00", "2026-11-24T08:00", "2026-11-30T08:00"),
        ("2026-10-24T12:00", "2026-10-24T15:00", "2026-10-25T08:00", "2026-10-26T08:00"),  # the clocks go back that night
        ("2026-12-31T12:00", "2026-12-31T15:00", "2027-01-01T08:00", "2027-01-04T08:00"),
    ],
)
def test_the_menu_offers_times_of_the_readers_day(local: str, later: str | None, tomorrow: str, week: str) -> None:
    times = snooze_times(now=datetime.fromisoformat(local).replace(tzinfo=AMSTERDAM), zone=AMSTERDAM)
    shown = {name: at.astimezone(AMSTERDAM).strftime("%Y-%m-%dT%H:%M") for name, at in times.items()}
    assert (shown.get("later"), shown["tomorrow"], shown["week"]) == (later, tomorrow, week)


def test_the_menu_offers_no_moment_twice() -> None:
    sunday, monday = (datetime(2026, 11, day, 10, tzinfo=AMSTERDAM) for day in (22, 23))
    assert "week" not in offered_times(now=sunday, zone=AMSTERDAM)
    assert "week" in offered_times(now=monday, zone=AMSTERDAM)
