"""Budgets and the breaker of a channel, shared in Valkey, which may be emptied."""

from __future__ import annotations

import time
import uuid

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.connections.connection_check import check_channel
from app.domain.connections.gate import LONGEST_REST_SECONDS, OPENS_AFTER, REST_SECONDS, Gate, Wait
from app.domain.connections.provider_reads import gate_of
from app.domain.delivery.jobs import RESTS, deliver
from app.domain.delivery.models import Delivery
from app.domain.threads.models import Message
from tests.factories import make_brand
from tests.support.chat_desk import ChatDesk
from tests.support.nowhere import valkey_nowhere
from tests.web.connections.test_condition import make_delivery, make_number

NOW, CHANNEL = 1_800_000_000.0, uuid.UUID(int=7)


@pytest.fixture
def gate(app_context: Flask) -> Gate:
    return Gate(runtime().redis, CHANNEL, "email_outlook")


def enter(gate: Gate, token: str, at: float = 0) -> float:
    return gate.enter(token, now=NOW + at, lease_seconds=120)


def test_four_at_once_over_all_processes(gate: Gate) -> None:
    other_process = Gate(runtime().redis, CHANNEL, "email_outlook")
    assert [enter(one, f"{number}") for number, one in enumerate((gate, other_process) * 2)] == [0] * 4
    assert enter(other_process, "fifth") == 1
    gate.leave("0")
    assert enter(other_process, "fifth") == 0


def test_a_worker_that_died_gives_its_place_back_with_its_lease(gate: Gate) -> None:
    assert [enter(gate, f"{number}") for number in range(5)] == [0, 0, 0, 0, 1]
    assert enter(gate, "later", at=121) == 0


def test_thirty_a_minute_and_the_next_when_the_first_is_a_minute_old(gate: Gate) -> None:
    for number in range(30):
        assert enter(gate, f"{number}", at=number) == 0
        gate.leave(f"{number}")
    assert enter(gate, "next", at=40) == 20
    look = gate.look(now=NOW + 40)
    assert look is not None
    assert (look.left, look.per_minute) == (0, 30)
    assert enter(gate, "next", at=60) == 0


@pytest.fixture
def number() -> Gate:
    return Gate(runtime().redis, CHANNEL, "whatsapp_business")


def told(gate: Gate, token: str, at: float = 0, person: str = "31612345678") -> Wait:
    wait = gate.admit(token, now=NOW + at, lease_seconds=120, person=person)
    gate.leave(token)
    return Wait(round(wait.seconds, 3), wait.why)


def test_eighty_a_second_over_a_number_whoever_they_are_for(app_context: Flask, number: Gate) -> None:
    other_process = Gate(runtime().redis, CHANNEL, "whatsapp_business")
    for place in range(80):
        assert told((number, other_process)[place % 2], f"{place}", at=place / 160, person=f"{place}") == Wait(0)
    assert told(other_process, "next", at=0.5, person="80") == Wait(0.5, "pace")
    assert told(number, "next", at=1, person="80") == Wait(0)
    assert told(number, "second", at=1, person="81").why == "pace"  # the first second moves on message by message
    assert told(number, "second", at=1.01, person="81") == Wait(0)


def test_a_number_whose_throughput_was_raised_sends_more(app_context: Flask) -> None:
    raised = Gate(runtime().redis, CHANNEL, "whatsapp_business", throughput="HIGH")
    assert {told(raised, f"{place}", person=f"{place}").seconds for place in range(120)} == {0}


@pytest.mark.parametrize(("throughput", "per_minute"), [("STANDARD", 4_800), ("HIGH", 60_000), ("APP", 1_200)])
def test_the_gate_knows_from_its_channel_what_is_granted(
    app_context: Flask, db_session: Session, throughput: str, per_minute: int
) -> None:
    channel = make_number(app_context, db_session, make_brand(db_session))
    channel.settings = {**channel.settings, "number": {"throughput": throughput}}
    look = gate_of(channel).look(now=NOW)
    assert look is not None
    assert look.per_minute == per_minute


def test_one_person_gets_forty_five_at_once_then_one_every_six_seconds(app_context: Flask, number: Gate) -> None:
    for place in range(45):
        assert told(number, f"{place}") == Wait(0)
    assert told(number, "next") == Wait(6, "person")
    assert told(number, "next", at=4) == Wait(2, "person")
    assert told(number, "somebody else", at=4, person="31687654321") == Wait(0)
    assert told(number, "no person", at=4, person="") == Wait(0)
    assert told(number, "next", at=6) == Wait(0)
    assert told(number, "one more", at=6) == Wait(6, "person")
    assert {told(number, f"later {place}", at=6 + 270).seconds for place in range(45)} == {0}
    assert told(number, "too many", at=6 + 270).why == "person"


def test_who_waits_for_the_number_has_used_nothing_of_the_persons_pace(app_context: Flask, number: Gate) -> None:
    number.note_failure(now=NOW, retry_after_seconds=17)
    assert {told(number, f"{place}") for place in range(50)} == {Wait(17, "rests")}
    assert {told(number, f"{place}", at=17) for place in range(45)} == {Wait(0)}


def test_a_person_is_counted_for_each_number_apart_and_not_by_their_number(app_context: Flask, number: Gate) -> None:
    for place in range(45):
        told(number, f"{place}")
    assert told(Gate(runtime().redis, uuid.UUID(int=8), "whatsapp_business"), "x") == Wait(0)
    assert not [key for key in runtime().redis.keys("gate:*") if b"31612345678" in key]


def test_the_breaker_opens_lets_one_try_and_closes(gate: Gate) -> None:
    for number in range(OPENS_AFTER):
        assert enter(gate, f"{number}") == 0
        gate.leave(f"{number}")
        gate.note_failure(now=NOW, retry_after_seconds=None)
    assert enter(gate, "rests", at=10) == REST_SECONDS - 10
    assert enter(gate, "probe", at=REST_SECONDS) == 0
    assert enter(gate, "second", at=REST_SECONDS) > 0
    gate.note_success()
    assert enter(gate, "second", at=REST_SECONDS) == 0


def test_whoever_tried_and_cannot_say_leaves_the_try_to_the_next(gate: Gate) -> None:
    for _time in range(OPENS_AFTER):
        gate.note_failure(now=NOW, retry_after_seconds=None)
    assert enter(gate, "looks only", at=REST_SECONDS) == 0
    assert enter(gate, "next", at=REST_SECONDS) > 0
    gate.leave("looks only")
    assert enter(gate, "next", at=REST_SECONDS) == 0
    gate.leave("looks only")  # which is not its try any more
    assert enter(gate, "third", at=REST_SECONDS) > 0


def test_a_try_that_fails_again_rests_longer_up_to_a_bound(gate: Gate) -> None:
    for _time in range(OPENS_AFTER + 1):
        gate.note_failure(now=NOW, retry_after_seconds=None)
    assert enter(gate, "x") == 2 * REST_SECONDS
    for _time in range(20):
        gate.note_failure(now=NOW, retry_after_seconds=None)
    assert enter(gate, "x") == LONGEST_REST_SECONDS


def test_who_is_asked_to_wait_waits(gate: Gate) -> None:
    gate.note_failure(now=NOW, retry_after_seconds=17)
    assert (enter(gate, "x"), enter(gate, "x", at=17)) == (17, 0)


def test_channels_do_not_share_a_gate(gate: Gate) -> None:
    gate.note_failure(now=NOW, retry_after_seconds=17)
    assert enter(Gate(runtime().redis, uuid.UUID(int=8), "email_outlook"), "x") == 0


def test_without_redis_everybody_passes() -> None:
    nowhere = Gate(valkey_nowhere(), CHANNEL, "email_outlook")
    assert [enter(nowhere, f"{number}") for number in range(5)] == [0] * 5
    nowhere.note_failure(now=NOW, retry_after_seconds=None)
    nowhere.leave("0")
    assert nowhere.look(now=NOW) is None


def test_a_delivery_that_has_to_wait_is_put_back_and_has_lost_no_try(app_context: Flask, db_session: Session) -> None:
    channel = make_number(app_context, db_session, make_brand(db_session))
    delivery = make_delivery(db_session, channel, at=utc_now())
    db_session.commit()
    gate = Gate(runtime().redis, channel.id, "whatsapp_business")
    gate.note_failure(now=utc_now().timestamp(), retry_after_seconds=60)
    deliver(row_id=str(delivery.id))
    with transaction() as session:
        found = session.get_one(Delivery, delivery.id, populate_existing=True)
        assert (found.state, found.attempts, found.run_at > utc_now()) == ("ready", 0, True)


@pytest.mark.parametrize(
    ("seconds", "health", "told"), [(60, "ok", RESTS), (60, "down", "Nobody lets us in"), (1, "ok", None), (1, "down", None)]
)
def test_a_wait_that_a_reader_would_notice_is_told(
    app_context: Flask, db_session: Session, seconds: int, health: str, told: str | None
) -> None:
    channel = make_number(app_context, db_session, make_brand(db_session))
    channel.health, channel.health_detail = health, "Nobody lets us in"
    delivery = make_delivery(db_session, channel, at=utc_now())
    db_session.commit()
    gate_of(channel).note_failure(now=time.time(), retry_after_seconds=seconds)
    deliver(row_id=str(delivery.id))
    waiting = db_session.get_one(Message, delivery.message_id, populate_existing=True)
    assert (waiting.delivery_reason or {}).get("title") == told


def test_what_waited_without_a_try_goes_as_soon_as_a_check_succeeds(chat: ChatDesk) -> None:
    delivery = make_delivery(chat.session, chat.channel, at=utc_now())
    chat.session.commit()
    gate_of(chat.channel).note_failure(now=time.time(), retry_after_seconds=60)
    deliver(row_id=str(delivery.id))
    chat.session.refresh(delivery)
    assert delivery.run_at > utc_now()
    check_channel(chat.channel)
    chat.session.refresh(delivery)
    assert delivery.run_at <= utc_now()


def test_calls_that_fail_open_the_breaker_of_their_channel(app_context: Flask, db_session: Session) -> None:
    """Nothing listens where the tests' provider should be."""
    channel = make_number(app_context, db_session, make_brand(db_session))
    for _time in range(OPENS_AFTER):
        delivery = make_delivery(db_session, channel, at=utc_now())
        db_session.commit()
        deliver(row_id=str(delivery.id))
        delivery.state = "done"
        db_session.commit()
    look = Gate(runtime().redis, channel.id, "whatsapp_business").look(now=utc_now().timestamp())
    assert look is not None
    assert (look.failures, look.rests_seconds > 0) == (OPENS_AFTER, True)
