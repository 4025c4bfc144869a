"""A reply for later: queued once at its time, held when somebody wrote before, sent, moved or taken back by its writer."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.delivery.actions import Reply, ReplyContext
from app.domain.delivery.models import Delivery, ScheduledReply
from app.domain.delivery.scheduled import NoLongerScheduled, cancel_scheduled, schedule_reply
from app.domain.delivery.scheduled_jobs import send_due
from app.domain.events.actions import Actor, record
from app.domain.notifications.models import Notification
from app.domain.threads.actions import subject_of
from app.domain.threads.merge import merge_threads
from app.domain.threads.models import Draft, Message, MessageType, Thread, ThreadStatus
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, sign_in

NEXT_YEAR = utc_now().year + 1


@dataclass
class Desk:
    """Alice and Bob, and a thread with one message of the customer."""

    app: Flask
    client: PageClient
    session: Session
    alice: User
    bob: User
    thread: Thread
    seen: Message

    def post(self, path: str, **fields: object) -> TestResponse:
        data = {**fields, "csrf_token": csrf_token(self.client.plain)}
        return self.client.post(path, data=data, headers={"HX-Request": "true"})

    def send(self, text: str = "Tot morgen", **fields: object) -> TestResponse:
        fields = {"client_token": uuid.uuid4(), "last_seen_message_id": self.seen.id, **fields}
        return self.post(f"/threads/{self.thread.id}/messages", text=text, channel_id=self.thread.channel_id, **fields)

    def schedule(self, text: str = "Tot morgen", **fields: object) -> ScheduledReply:
        assert self.send(text, **{"later": "tomorrow", **fields}).status_code == 200
        return self.rows()[-1]

    def rows(self) -> list[ScheduledReply]:
        query = sa.select(ScheduledReply).order_by(ScheduledReply.created_at, ScheduledReply.id)
        return list(self.session.execute(query.execution_options(populate_existing=True)).scalars())

    def outgoing(self) -> list[Message]:
        query = sa.select(Message).where(Message.message_type == MessageType.OUTGOING)
        return list(self.session.execute(query).scalars())

    def now(self) -> Thread:
        return self.session.get_one(Thread, self.thread.id, populate_existing=True)

    def customer_writes(self, text: str = "Laat maar") -> Message:
        thread = self.now()
        message = make_message(self.session, thread, text, at=utc_now())
        with self.app.app_context():
            record(self.session, "MessageReceived", subject=subject_of(thread, message), now=utc_now())
        self.session.commit()
        return message

    def time_comes(self, row: ScheduledReply) -> None:
        due = sa.update(ScheduledReply).where(ScheduledReply.id == row.id).values(run_at=utc_now() - timedelta(seconds=1))
        self.session.execute(due)
        self.session.commit()
        self.sweep(row)

    def sweep(self, row: ScheduledReply) -> None:
        with self.app.app_context():
            send_due(row_id=str(row.id))

    def page(self) -> str:
        return self.client.get(f"/threads/{self.thread.id}").text


@pytest.fixture
def desk(app: Flask, page_client: PageClient, db_session: Session) -> Desk:
    brand = make_brand(db_session)
    alice, bob = make_user(db_session, "Alice", brands=(brand,)), make_user(db_session, "Bob", brands=(brand,))
    with app.app_context():
        channel = make_channel(db_session, brand, keyring=runtime().keyring)
    thread = make_thread(db_session, channel, make_contact(db_session), at=utc_now())
    seen = make_message(db_session, thread, "Kan het morgen?", at=utc_now())
    db_session.commit()
    sign_in(page_client.plain, db_session, alice)
    return Desk(app, page_client, db_session, alice, bob, thread, seen)


def test_reply_for_later_stands_in_the_timeline_and_is_queued_once_at_its_time(desk: Desk) -> None:
    row = desk.schedule()
    assert desk.outgoing() == []
    assert f"scheduled-{row.id}" in desk.page()
    desk.sweep(row)
    assert desk.outgoing() == [], "not before its time"
    desk.time_comes(row)
    desk.time_comes(row)
    assert [message.text for message in desk.outgoing()] == ["Tot morgen"]
    assert desk.outgoing()[0].sender_user_id == desk.alice.id
    assert desk.session.execute(sa.select(sa.func.count()).select_from(Delivery)).scalar_one() == 1
    assert desk.rows()[0].state == "done"
    assert f"scheduled-{row.id}" not in desk.page()


def test_tomorrow_is_eight_in_the_zone_of_its_writer(desk: Desk) -> None:
    desk.alice.timezone = "America/New_York"
    desk.session.commit()
    at = desk.schedule().run_at.astimezone(ZoneInfo("America/New_York"))
    assert (at.hour, at.minute) == (8, 0)
    picked = desk.schedule(later="", send_at=f"{NEXT_YEAR}-06-01T10:30").run_at
    assert picked == datetime(NEXT_YEAR, 6, 1, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize("again", ["tomorrow", ""])
def test_same_form_twice_is_one_reply_and_a_late_plain_repeat_sends_nothing(desk: Desk, again: str) -> None:
    token = uuid.uuid4()
    desk.schedule(client_token=token)
    desk.send(client_token=token, later=again)
    assert len(desk.rows()) == 1
    assert desk.outgoing() == []


def test_customer_who_writes_before_its_time_holds_it_and_its_writer_is_told(desk: Desk) -> None:
    row = desk.schedule()
    newer = desk.customer_writes()
    assert desk.rows()[0].state == "held"
    desk.time_comes(row)
    assert desk.outgoing() == []
    assert "a newer message came in" in desk.page()
    told = desk.session.execute(sa.select(Notification.user_id).where(Notification.kind == "held")).scalars().all()
    assert told == [desk.alice.id]
    assert "Your scheduled message was not sent" in desk.client.get("/notifications").text
    refused = desk.post(f"/scheduled/{row.id}/sending", last_seen_message_id=desk.seen.id)
    assert refused.status_code == 409
    assert desk.outgoing() == []
    desk.post(f"/scheduled/{row.id}/sending", last_seen_message_id=newer.id)
    assert [message.text for message in desk.outgoing()] == ["Tot morgen"]


def test_scheduling_over_a_newer_message_is_held_like_a_send(desk: Desk) -> None:
    desk.customer_writes("Toch niet")
    answer = desk.send(later="tomorrow")
    assert answer.status_code == 409
    assert "Toch niet" in answer.text
    assert desk.rows() == []


def test_what_a_colleague_wrote_since_holds_it_at_its_time(desk: Desk) -> None:
    row = desk.schedule()
    make_message(desk.session, desk.now(), "Niet sturen", at=utc_now())
    desk.session.commit()
    desk.time_comes(row)
    assert desk.rows()[0].held_because == "newer"
    assert desk.outgoing() == []


def test_new_time_lets_a_held_one_wait_again(desk: Desk) -> None:
    row = desk.schedule()
    newer = desk.customer_writes()
    answer = desk.post(f"/scheduled/{row.id}/time", send_at=f"{NEXT_YEAR}-06-01T10:30", last_seen_message_id=newer.id)
    assert answer.status_code == 204
    assert (desk.rows()[0].state, desk.rows()[0].run_at) == ("ready", datetime(NEXT_YEAR, 6, 1, 8, 30, tzinfo=UTC))
    desk.time_comes(row)
    assert len(desk.outgoing()) == 1


@pytest.mark.parametrize("send_at", ["2020-01-01T08:00", "x", "", "9999-12-31T23:59"])
def test_time_that_is_none_is_refused_and_the_text_stays(desk: Desk, send_at: str) -> None:
    answer = desk.send("Mijn tekst", later="picked", send_at=send_at)
    assert answer.status_code == 422
    assert "Choose a future date and time" in answer.text
    assert "Mijn tekst" in answer.text
    row = desk.schedule()
    assert desk.post(f"/scheduled/{row.id}/time", send_at=send_at).status_code == 422


def test_taking_it_back_puts_the_text_into_the_composer_of_its_writer(desk: Desk) -> None:
    row = desk.schedule("Eerste versie")
    answer = desk.post(f"/scheduled/{row.id}/cancellation", again="1", text="En dit", composer_kind="reply")
    assert "Eerste versie" in answer.text
    assert 'name="send_at" min=' in answer.text
    draft = desk.session.get_one(Draft, (desk.alice.id, desk.thread.id, "reply"))
    assert draft.text == "Eerste versie\n\nEn dit"
    desk.time_comes(row)
    assert desk.outgoing() == []
    assert "already sent or cancelled" in desk.post(f"/scheduled/{row.id}/sending").headers["HX-Trigger"]


def test_colleague_may_stop_it_but_not_send_or_move_it(desk: Desk) -> None:
    row = desk.schedule("Van Alice")
    sign_in(desk.client.plain, desk.session, desk.bob)
    assert desk.post(f"/scheduled/{row.id}/sending").status_code == 422
    assert desk.post(f"/scheduled/{row.id}/time", send_at=f"{NEXT_YEAR}-06-01T10:30").status_code == 422
    answer = desk.post(f"/scheduled/{row.id}/cancellation", text="Van Bob", composer_kind="reply")
    assert "Van Alice" not in answer.text
    assert desk.session.get_one(Draft, (desk.alice.id, desk.thread.id, "reply")).text == "Van Alice"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (sa.update(Channel).values(is_active=False), "channel_off"),
        (sa.update(Thread).values(window_opened_at=utc_now() - timedelta(days=2)), "window"),
        (sa.update(User).values(disabled_at=datetime(2026, 1, 1, tzinfo=UTC)), "writer_gone"),
    ],
    ids=["channel off", "window closed", "writer gone"],
)
def test_what_cannot_be_sent_any_more_is_held_and_says_why(desk: Desk, change: sa.Update, why: str) -> None:
    row = desk.schedule()
    desk.session.execute(change)
    desk.session.commit()
    desk.time_comes(row)
    assert (desk.rows()[0].state, desk.rows()[0].held_because) == ("held", why)
    assert desk.outgoing() == []


def test_it_goes_to_where_its_thread_went(desk: Desk) -> None:
    row = desk.schedule()
    other = make_thread(
        desk.session, desk.session.get_one(Channel, desk.thread.channel_id), make_contact(desk.session), at=utc_now()
    )
    make_message(desk.session, other, "Zelfde vraag", at=utc_now())
    gone = desk.thread.id
    with desk.app.app_context():
        merge_threads(desk.session, keep_id=other.id, merge_id=gone, now=utc_now())
    desk.session.commit()
    assert f"scheduled-{row.id}" in desk.client.get(f"/threads/{other.id}").text
    desk.time_comes(row)
    assert [message.thread_id for message in desk.outgoing()] == [other.id]


def test_send_and_snooze_and_its_undo(desk: Desk) -> None:
    desk.alice.undo_send_seconds = 10
    desk.session.commit()
    desk.send(then="snooze_tomorrow")
    assert desk.now().snoozed_until is not None
    assert desk.now().status == ThreadStatus.WAITING_CUSTOMER
    desk.post(f"/messages/{desk.outgoing()[0].id}/undo")
    assert desk.now().snoozed_until is None
    assert desk.now().status == ThreadStatus.OPEN


def found_race(app: Flask) -> tuple[uuid.UUID, uuid.UUID]:
    """A reply that is due now; returns its id and its writer's."""
    now = utc_now()
    with transaction() as session:
        brand = make_brand(session)
        alice = make_user(session, "Alice", brands=(brand,))
        channel = make_channel(session, brand, keyring=runtime().keyring)
        thread = make_thread(session, channel, make_contact(session), at=now)
        seen = make_message(session, thread, "Kan het morgen?", at=now)
        rules = runtime().adapters.rules[channel.channel_type.value]
        context = ReplyContext(rules, mail_keys=runtime().mail_keys, mail_domain="example.com", now=now)
        reply = Reply(thread.id, "Ja", channel_id=channel.id, last_seen_message_id=seen.id)
        row = schedule_reply(session, reply, at=now, channel=channel, author=Actor(alice.id), context=context)
        return row.id, alice.id


def test_two_workers_and_a_cancel_in_the_instant_of_sending_leave_one_truth(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        row_id, alice_id = found_race(fresh_app)

    def sweep() -> None:
        with fresh_app.app_context():
            send_due(row_id=str(row_id))

    def cancel() -> None:
        with fresh_app.app_context():
            try:
                with transaction() as session:
                    cancel_scheduled(session, row_id, actor=Actor(alice_id), now=utc_now())
            except NoLongerScheduled:
                return

    with ThreadPoolExecutor(5) as pool:
        for done in [pool.submit(work) for work in (sweep, sweep, cancel, sweep, cancel)]:
            done.result()
    with fresh_app.app_context(), transaction() as session:
        sent = session.execute(sa.select(sa.func.count()).where(Message.message_type == MessageType.OUTGOING)).scalar_one()
        row = session.get_one(ScheduledReply, row_id)
        assert (row.state, sent) in (("done", 1), ("cancelled", 0))
