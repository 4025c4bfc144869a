"""Calls from their webhook to one record in the thread, and the task to call back whoever was missed."""

from __future__ import annotations

import itertools
import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import Base
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.tasks.models import Task, TaskStatus, TaskType
from app.domain.threads.calls import Call, CallDirection, CallOutcome, log_call
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus
from app.domain.threads.phone_call_models import PhoneCall
from tests.domain.ingest.twilio_posts import DESK, JAN, TOKEN, Provider
from tests.factories import make_brand, make_channel, make_contact, make_thread, make_user

COLLEAGUE = "+31207654321"


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    secrets = {"signing_secret": TOKEN}
    channel = make_channel(
        db_session, make_brand(db_session), ChannelType.PHONE_CALL, keyring=runtime().keyring, address=DESK, secrets=secrets
    )
    db_session.commit()
    return channel


@pytest.fixture
def provider(client: FlaskClient, db_session: Session, channel: Channel) -> Provider:
    return Provider(client, db_session)


def parent(status: str, place: int, sid: str = "CA1", **more: Any) -> dict[str, Any]:
    return {"sid": sid, "status": status, "place": place, **more}


def child(status: str, place: int, sid: str = "CA2", of: str = "CA1", **more: Any) -> dict[str, Any]:
    return {
        "sid": sid,
        "status": status,
        "place": place,
        "ParentCallSid": of,
        "Direction": "outbound-dial",
        "To": COLLEAGUE,
        **more,
    }


MISSED = [parent("ringing", 0), child("ringing", 0), child("no-answer", 1), parent("completed", 1, CallDuration="20")]
ANSWERED = [
    parent("ringing", 0),
    child("ringing", 0),
    child("in-progress", 1),
    child("completed", 2, CallDuration="80"),
    parent("completed", 1, CallDuration="95"),
]


def play(provider: Provider, posts: list[dict[str, Any]], **more: Any) -> None:
    for post in posts:
        assert provider.calls(**{**post, **more}).status_code == 200
    provider.work()


def record(session: Session) -> Message:
    return session.execute(sa.select(Message).where(Message.message_type == MessageType.PHONE_CALL)).scalar_one()


def tasks(session: Session) -> list[Task]:
    return list(session.execute(sa.select(Task).order_by(Task.id)).scalars())


def test_a_missed_call_is_one_record_with_a_task_to_call_back(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    message = record(db_session)
    call = message.meta["call"]
    assert (call["direction"], call["outcome"], call["missed"], call["seconds"]) == ("incoming", "no_answer", True, None)
    assert message.recipients == {"to": [{"name": "", "address": JAN}]}
    contact = db_session.execute(sa.select(Contact)).scalar_one()
    assert message.sender_contact_id == contact.id
    [task] = tasks(db_session)
    assert (task.task_type, task.status, task.thread_id) == (TaskType.CALLBACK, TaskStatus.OPEN, message.thread_id)
    assert task.title == f"{JAN} terugbellen"
    assert task.due_at is not None
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.medium, thread.contact_id, thread.inbound_seq, thread.preview) == ("phone", contact.id, 1, JAN)


def test_an_answered_call_says_how_long_it_took_and_asks_for_nothing(provider: Provider, db_session: Session) -> None:
    play(provider, ANSWERED)
    call = record(db_session).meta["call"]
    assert (call["outcome"], call["seconds"], call["minutes"], call["missed"]) == ("reached", 80, 2, False)
    assert tasks(db_session) == []


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("posts", "outcome"), [(MISSED, "no_answer"), (ANSWERED, "reached")])
def test_posts_in_any_order_and_doubled_are_one_record(
    provider: Provider, db_session: Session, posts: list[dict[str, Any]], outcome: str, seed: int
) -> None:
    dice = random.Random(seed)
    for post in dice.sample(posts * 2, len(posts) * 2):
        provider.calls(**post)
        provider.work()
    assert record(db_session).meta["call"]["outcome"] == outcome
    open_tasks = [task for task in tasks(db_session) if task.is_open]
    assert len(tasks(db_session)) <= 1
    assert len(open_tasks) == (1 if outcome == "no_answer" else 0)
    ends = db_session.execute(sa.select(sa.func.count()).where(Event.type == "CallLogged")).scalar_one()
    assert ends == 1


def test_the_posts_of_one_call_processed_again_change_nothing(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    before = db_session.execute(sa.select(Thread.version)).scalar_one()
    db_session.execute(sa.text("UPDATE inbound_events SET state = 'ready'"))
    db_session.commit()
    provider.work()
    assert db_session.execute(sa.select(Thread.version)).scalar_one() == before
    assert len(tasks(db_session)) == 1


def test_three_missed_calls_of_one_caller_are_three_records_and_one_task(provider: Provider, db_session: Session) -> None:
    for number in range(3):
        play(provider, [parent("completed", 0, sid=f"CA{number}")])
    assert db_session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == 1
    assert db_session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 3
    assert len(tasks(db_session)) == 1


def test_the_task_is_done_when_they_call_again_and_are_answered(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    play(provider, [parent("completed", 0, sid="CB1"), child("completed", 0, sid="CB2", of="CB1", CallDuration="9")])
    assert [task.status for task in tasks(db_session)] == [TaskStatus.COMPLETED]


def test_the_task_is_done_when_somebody_calls_back_over_the_line(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    back = {"Direction": "outbound-api", "From": DESK, "To": JAN}
    play(provider, [parent("no-answer", 0, sid="CB0", **back)])
    assert [task.status for task in tasks(db_session)] == [TaskStatus.OPEN]
    play(provider, [parent("completed", 0, sid="CB1", CallDuration="30", **back)])
    assert [task.status for task in tasks(db_session)] == [TaskStatus.COMPLETED]


def test_the_task_is_done_when_somebody_writes_down_that_they_were_reached(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    alice = make_user(db_session)
    for outcome, status in ((CallOutcome.VOICEMAIL, TaskStatus.OPEN), (CallOutcome.REACHED, TaskStatus.COMPLETED)):
        call = Call(CallDirection.OUTGOING, outcome, utc_now(), number=JAN)
        thread_id = record_thread(db_session)
        log_call(
            db_session, thread_id=thread_id, call=call, callback=None, actor=Actor(alice.id), author_name="Alice", now=utc_now()
        )
        db_session.commit()
        assert [task.status for task in tasks(db_session)] == [status]


def record_thread(session: Session) -> Any:
    return session.execute(sa.select(Thread.id)).scalar_one()


def test_another_callers_task_stays(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    play(
        provider, [{**post, "From": "+31687654321", "sid": post["sid"] + "x"} for post in ANSWERED if "ParentCallSid" not in post]
    )
    other = [child("completed", 5, sid="CA9", of="CA1x", From="+31687654321", CallDuration="5")]
    play(provider, other)
    assert [task.status for task in tasks(db_session)] == [TaskStatus.OPEN, TaskStatus.COMPLETED]


@pytest.mark.parametrize("caller", ["anonymous", "+266696687", "client:alice", "sip:bob@example.com", "", "Restricted", "1234"])
def test_a_caller_without_a_number_is_an_entry_of_nobody(provider: Provider, db_session: Session, caller: str) -> None:
    play(provider, MISSED, From=caller, Caller=caller)
    assert db_session.execute(sa.select(sa.func.count()).select_from(Contact)).scalar_one() == 0
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.contact_id, record(db_session).meta["call"]["missed"]) == (None, True)
    assert tasks(db_session) == []


def test_two_anonymous_callers_are_two_threads(provider: Provider, db_session: Session) -> None:
    for sid in ("CA1", "CB1"):
        play(provider, [parent("completed", 0, sid=sid, From="anonymous")])
    assert db_session.execute(sa.select(sa.func.count()).select_from(Thread)).scalar_one() == 2


def test_a_call_joins_the_running_thread_whatever_it_is_carried_on_by(
    provider: Provider, db_session: Session, channel: Channel
) -> None:
    contact = make_contact(db_session, kind="phone", value=JAN)
    for brand, address in ((make_brand(db_session, "other"), "1066000000002"), (_brand(db_session, channel), "1066000000001")):
        chat = make_channel(db_session, brand, keyring=runtime().keyring, address=address)
        running = make_thread(db_session, chat, contact, at=utc_now())
    running.status, running.resolved_at = ThreadStatus.RESOLVED, utc_now()
    db_session.commit()
    play(provider, MISSED)
    message = record(db_session)
    assert (message.thread_id, message.medium) == (running.id, "phone")
    db_session.refresh(running)
    assert (running.status, running.inbound_seq) == (ThreadStatus.OPEN, 1)


def test_a_call_joins_what_was_heard_last_and_no_form_without_a_channel(
    provider: Provider, db_session: Session, channel: Channel
) -> None:
    contact = make_contact(db_session, kind="phone", value=JAN)
    chat = make_channel(db_session, _brand(db_session, channel), keyring=runtime().keyring, address="1066000000001")
    form = make_thread(db_session, chat, contact, at=utc_now() - timedelta(hours=1))
    form.channel_id = None
    running = make_thread(db_session, chat, contact, at=utc_now())
    db_session.commit()
    play(provider, MISSED)
    assert record(db_session).thread_id == running.id


def _brand(session: Session, channel: Channel) -> Brand:
    return session.get_one(Brand, channel.brand_id)


def test_the_title_is_in_the_callers_language(provider: Provider, db_session: Session) -> None:
    for number, caller in enumerate(["+31612345678", "+33612345678", "+4915112345678"]):
        play(provider, [parent("completed", 0, sid=f"CA{number}", From=caller)])
    contact = make_contact(db_session, "Zoé", kind="phone", value="+31699999999")
    contact.language = "fr"
    db_session.commit()
    play(provider, [parent("completed", 0, sid="CA7", From="+31699999999")])
    assert [task.title for task in tasks(db_session)] == [
        "+31612345678 terugbellen",
        "Rappeler +33612345678",
        "Call back +4915112345678",
        "Rappeler Zoé",
    ]


def test_a_recording_is_kept_by_reference(provider: Provider, db_session: Session) -> None:
    play(provider, ANSWERED)
    fields = {"CallSid": "CA1", "From": JAN, "To": DESK, "RecordingSid": "RE1", "RecordingStatus": "completed"}
    more = {"RecordingDuration": "78", "RecordingUrl": "https://api.twilio.com/RE1"}
    body = urlencode({**fields, **more}).encode()
    provider.post("/webhooks/voice", body)
    provider.work()
    assert record(db_session).meta["call"]["recording"] == {"id": "RE1", "url": "https://api.twilio.com/RE1", "seconds": 78}
    assert record(db_session).meta["call"]["outcome"] == "reached"


def test_the_end_of_a_dial_answers_the_call(provider: Provider, db_session: Session) -> None:
    play(provider, [parent("in-progress", 1), parent("completed", 2)])
    assert len(tasks(db_session)) == 1
    fields = {"CallSid": "CA1", "CallStatus": "completed", "From": JAN, "To": DESK}
    dialled = {"DialCallStatus": "completed", "DialCallSid": "CA2", "DialCallDuration": "44", "DialBridged": "true"}
    body = urlencode({**fields, **dialled}).encode()
    provider.post("/webhooks/voice", body)
    provider.work()
    assert record(db_session).meta["call"]["seconds"] == 44
    assert [task.status for task in tasks(db_session)] == [TaskStatus.COMPLETED]


def test_a_leg_that_names_no_number_of_ours_waits_for_its_call_on_the_right_line(
    provider: Provider, db_session: Session, channel: Channel
) -> None:
    """Two lines share an account: the leg to a colleague names neither, and goes first to the wrong one."""
    brand = make_brand(db_session, "aaa")
    make_channel(
        db_session,
        brand,
        ChannelType.PHONE_CALL,
        keyring=runtime().keyring,
        address="+31209999999",
        name="aaa",
        secrets={"signing_secret": TOKEN},
    )
    db_session.commit()
    play(provider, [child("in-progress", 1), child("completed", 2, CallDuration="7")])
    assert db_session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 0
    assert provider.states() == {"done": 2}
    play(provider, [parent("completed", 0)])
    assert record(db_session).channel_id == channel.id
    assert record(db_session).brand_id == channel.brand_id
    assert record(db_session).meta["call"]["outcome"] == "reached"


def test_a_call_of_ours_that_reached_somebody_is_an_answer(provider: Provider, db_session: Session) -> None:
    play(provider, MISSED)
    play(provider, [parent("completed", 0, sid="CB1", CallDuration="30", Direction="outbound-api", From=DESK, To=JAN)])
    assert db_session.execute(sa.select(Thread.status)).scalar_one() == ThreadStatus.WAITING_CUSTOMER


@pytest.mark.parametrize(("hours", "is_taken"), [(-2, True), (2, False), (-9600, False)])
def test_a_time_that_cannot_be_is_not_believed(provider: Provider, db_session: Session, hours: int, is_taken: bool) -> None:
    at = (datetime.now(UTC) + timedelta(hours=hours)).replace(microsecond=0)
    play(provider, [parent("completed", 0, Timestamp=format_datetime(at))])
    assert (record(db_session).occurred_at == at) is is_taken


def test_an_unsigned_call_is_refused_and_an_unknown_status_quarantined(provider: Provider, db_session: Session) -> None:
    assert provider.post("/webhooks/voice", b"CallSid=CA1", token="no").status_code == 401
    play(provider, [parent("teleporting", 0)])
    assert provider.states() == {"quarantined": 1}
    assert db_session.execute(sa.select(sa.func.count()).select_from(PhoneCall)).scalar_one() == 0


def test_every_order_of_a_missed_call_makes_one_task(provider: Provider, db_session: Session) -> None:
    for number, order in enumerate(itertools.permutations(MISSED[1:])):
        posts = [{**post, "sid": f"{post['sid']}-{number}"} for post in order]
        for post in posts:
            if "ParentCallSid" in post:
                post["ParentCallSid"] = f"CA1-{number}"
        play(provider, posts, From=f"+3161234{number:04}")
    assert len(tasks(db_session)) == 6


def test_the_tables_are_as_the_models_say(app: Flask, connection: sa.Connection) -> None:
    def only_ours(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
        return kind != "table" or name in {"opt_outs", "phone_calls", "tasks"}

    context = MigrationContext.configure(connection, opts={"compare_type": True, "include_object": only_ours})
    assert compare_metadata(context, Base.metadata) == []
