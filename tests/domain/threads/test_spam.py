"""Spam: out of the open lists and counts, in a list of its own, and back as it was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.events.actions import Actor
from app.domain.events.models import AuditEntry, Event
from app.domain.threads.actions import after_reply, assign_thread, change_status, reopen_for_incoming
from app.domain.threads.counts import count_views
from app.domain.threads.jobs import run_bulk_action
from app.domain.threads.merge import merge_threads, undo_merge
from app.domain.threads.models import Thread, ThreadStatus
from app.domain.threads.move_models import ThreadMove
from app.domain.threads.snooze import snooze_thread, wake_due_threads
from app.domain.threads.spam import mark_spam
from app.domain.threads.spam_models import BlockedSender
from app.domain.threads.triage_models import BulkAction
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

HOUR = timedelta(hours=1)
WORDS = "Win een laadpaal"


@dataclass
class Desk:
    client: PageClient
    session: Session
    alice: User
    channel: Channel
    thread: Thread

    def post(self, path: str, *, htmx: bool = False, **fields: object) -> TestResponse:
        headers = {"HX-Request": "true"} if htmx else {}
        return self.client.post(path, data={**fields, "csrf_token": csrf_token(self.client.plain)}, headers=headers)

    def mark(self, **fields: object) -> TestResponse:
        return self.post(f"/threads/{self.thread.id}/spam", htmx=True, **fields)

    def unmark(self, **fields: object) -> TestResponse:
        return self.post(f"/threads/{self.thread.id}/spam/ending", htmx=True, **fields)

    def shown_in(self, view: str) -> bool:
        return WORDS in self.client.get(f"/inbox/{view}".rstrip("/")).text

    def now_is(self) -> Thread:
        self.session.expire_all()
        return self.session.get_one(Thread, self.thread.id)

    def events(self) -> list[str]:
        query = sa.select(Event.type).where(Event.thread_id == self.thread.id).order_by(Event.occurred_at, Event.id)
        return list(self.session.execute(query).scalars())

    def actor(self) -> Actor:
        return Actor(user_id=self.alice.id)


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice = make_user(db_session, "Alice", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    make_message(db_session, thread, WORDS, at=utc_now())
    sign_in(page_client.plain, db_session, alice)
    return Desk(page_client, db_session, alice, channel, thread)


def test_spam_leaves_the_open_lists_and_their_counts_and_comes_back_as_it_was(desk: Desk) -> None:
    until = utc_now() + HOUR
    assign_thread(desk.session, thread_id=desk.thread.id, assignee_user_id=desk.alice.id, actor=desk.actor(), now=utc_now())
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.ESCALATED, actor=desk.actor(), now=utc_now())
    desk.session.commit()
    answer = desk.mark()
    assert "Marked as spam" in answer.headers["HX-Trigger"]
    assert "spam/ending" in answer.headers["HX-Trigger"]
    shown = [desk.shown_in(view) for view in ("", "mine", "unassigned", "whatsapp", "snoozed", "resolved", "spam")]
    assert shown == [False] * 6 + [True]
    counts = count_views(desk.session, viewer=viewer_of(desk.session, desk.alice))
    assert (counts.open, counts.mine, counts.unassigned, counts.spam) == (0, 0, 0, 1)
    assert desk.now_is().status == ThreadStatus.CLOSED  # what programs see is a status they know
    page = desk.client.get(f"/threads/{desk.thread.id}").text
    assert "Alice marked this as spam" in page
    assert "Not spam" in page

    assert desk.unmark().status_code == 200
    thread = desk.now_is()
    assert (thread.status, thread.assignee_user_id, thread.resolved_at) == (ThreadStatus.ESCALATED, desk.alice.id, None)
    assert (thread.spam_at, thread.spam_former) == (None, None)
    assert desk.shown_in("mine")
    assert desk.events()[-2:] == ["ThreadMarkedSpam", "SpamEnded"]
    audited = sa.select(AuditEntry.action).where(AuditEntry.object_id == str(desk.thread.id))
    assert {"ThreadMarkedSpam", "SpamEnded"} <= set(desk.session.execute(audited).scalars())
    snooze_thread(desk.session, thread_id=desk.thread.id, until=until, actor=desk.actor(), now=utc_now())
    desk.session.commit()
    desk.mark()
    assert wake_due_threads(desk.session, now=until + HOUR) == 0
    desk.session.commit()
    desk.unmark()
    assert desk.now_is().snoozed_until == until


def test_marking_twice_keeps_what_it_was_before_the_first_time(desk: Desk) -> None:
    desk.mark()
    desk.mark()
    desk.unmark()
    assert desk.now_is().status == ThreadStatus.OPEN
    version = desk.now_is().version
    desk.unmark()
    assert desk.now_is().version == version
    assert desk.events().count("ThreadMarkedSpam") == desk.events().count("SpamEnded") == 1


def test_what_comes_into_spam_stays_there_and_counts_when_it_is_none(desk: Desk) -> None:
    change_status(desk.session, thread_id=desk.thread.id, status=ThreadStatus.WAITING_CUSTOMER, actor=Actor(), now=utc_now())
    desk.session.commit()
    desk.mark()
    reopen_for_incoming(desk.session, desk.now_is(), now=utc_now())
    desk.session.commit()
    assert desk.shown_in("spam")
    assert not desk.shown_in("")
    desk.unmark()
    assert desk.now_is().status == ThreadStatus.OPEN


@pytest.mark.parametrize("status", ["open", "resolved"])
def test_any_other_status_says_that_it_is_no_spam(desk: Desk, status: str) -> None:
    desk.mark()
    assert desk.post(f"/threads/{desk.thread.id}/status", status=status).status_code == 303
    thread = desk.now_is()
    assert (thread.status, thread.spam_at, thread.spam_former) == (status, None, None)
    assert "SpamEnded" in desk.events()


def test_whom_one_answers_is_no_spam(desk: Desk) -> None:
    desk.mark()
    after_reply(desk.session, desk.now_is(), actor=desk.actor(), now=utc_now())
    desk.session.commit()
    assert (desk.now_is().status, desk.now_is().spam_at) == (ThreadStatus.WAITING_CUSTOMER, None)


def test_the_sender_is_blocked_where_one_says_so_and_the_undo_lets_them_in_again(desk: Desk) -> None:
    def blocked() -> list[str]:
        return list(desk.session.execute(sa.select(BlockedSender.value)).scalars())

    answer = desk.mark(block="yes")
    assert "the sender is blocked" in answer.headers["HX-Trigger"]
    assert "unblock=1" in answer.headers["HX-Trigger"]
    assert blocked()
    contact = desk.client.get(f"/contacts/{desk.thread.contact_id}").text
    assert "Blocked: messages from this contact go to spam" in contact
    desk.unmark(unblock="1")
    desk.session.expire_all()
    assert blocked() == []
    assert [name for name in desk.events() if "Bl" in name] == ["SenderBlocked", "BlockLifted"]
    desk.mark(block="yes")
    desk.post(f"/contacts/{desk.thread.contact_id}/block/ending", brand=str(desk.thread.brand_id))
    desk.session.expire_all()
    assert blocked() == []
    assert "Blocked: messages" not in desk.client.get(f"/contacts/{desk.thread.contact_id}").text
    assert desk.now_is().spam_at is not None


def test_nobody_lifts_a_block_of_a_brand_they_do_not_see(desk: Desk) -> None:
    other = make_brand(desk.session, "laderthuis")
    row = BlockedSender(brand_id=other.id, kind="wa_id", scope="", value="31612345678", blocked_at=utc_now())
    desk.session.add(row)
    desk.session.commit()
    desk.post(f"/contacts/{desk.thread.contact_id}/block/ending", brand=str(other.id))
    desk.session.expire_all()
    assert desk.session.execute(sa.select(sa.func.count()).select_from(BlockedSender)).scalar_one() == 1


def test_many_are_spam_at_once_and_the_undo_gives_back_what_each_was(desk: Desk, app: Flask) -> None:
    other = make_thread(desk.session, desk.channel, make_contact(desk.session, "Sjaak"), at=utc_now())
    change_status(desk.session, thread_id=other.id, status=ThreadStatus.RESOLVED, actor=Actor(), now=utc_now())
    desk.session.commit()

    def work() -> BulkAction:
        newest = desk.session.execute(sa.select(BulkAction).order_by(BulkAction.created_at.desc()).limit(1)).scalar_one()
        with app.app_context():
            run_bulk_action(row_id=str(newest.id))
        desk.session.expire_all()
        return newest

    def spam() -> list[bool]:
        return [desk.session.get_one(Thread, i).spam_at is not None for i in (desk.thread.id, other.id)]

    assert desk.post("/bulk", htmx=True, thread=[str(desk.thread.id), str(other.id)], set_spam="yes").status_code == 200
    done = work()
    assert (spam(), done.changed) == ([True, True], 2)
    assert "Spam: 2 threads changed" in desk.client.get(f"/bulk/{done.id}").text
    assert desk.post("/bulk?view=spam", htmx=True, all="1", set_spam="").status_code == 200
    ended = work()
    assert (spam(), ended.changed) == ([False, False], 2)
    assert desk.post(f"/bulk/{ended.id}/undo", htmx=True).status_code == 200
    work()
    assert spam() == [True, True]
    assert desk.post(f"/threads/{other.id}/spam/ending").status_code == 303
    desk.session.expire_all()
    assert desk.session.get_one(Thread, other.id).status == ThreadStatus.RESOLVED


def test_a_merge_with_open_work_is_no_spam_and_its_undo_brings_the_spam_back(desk: Desk) -> None:
    mark_spam(desk.session, thread_id=desk.thread.id, actor=desk.actor(), now=utc_now())
    work = make_thread(desk.session, desk.channel, make_contact(desk.session, "Sjaak"), at=utc_now())
    merge_threads(desk.session, keep_id=desk.thread.id, merge_id=work.id, now=utc_now(), actor=desk.actor())
    desk.session.commit()
    assert (desk.now_is().status, desk.now_is().spam_at) == (ThreadStatus.OPEN, None)
    undo_merge(desk.session, desk.session.execute(sa.select(ThreadMove)).scalar_one(), now=utc_now(), actor=desk.actor())
    desk.session.commit()
    thread = desk.now_is()
    assert thread.spam_at is not None
    assert thread.spam_former is not None
    assert thread.status == ThreadStatus.CLOSED
