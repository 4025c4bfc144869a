"""A chat message whose sending ended without an answer, at a provider that cannot be asked."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery, DeliveryAttempt
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import MessageType
from tests.factories import make_brand, make_channel, make_contact, make_message, make_thread

TRIED_AT = utc_now() - timedelta(hours=1)


@pytest.fixture
def delivery(app_context: Flask, db_session: Session) -> Delivery:
    """A delivery whose one attempt, an hour ago, may or may not have reached the provider."""
    whatsapp = ChannelType.WHATSAPP_BUSINESS
    return _make_delivery(db_session, whatsapp, {"access_token": "a"}, {"message_requested": True}, "1066000000001")


@pytest.fixture
def text_delivery(app_context: Flask, db_session: Session) -> Delivery:
    """The same at a provider that could be asked; here it does not listen."""
    secrets, progress = {"auth_token": "a"}, {"requested_at": TRIED_AT.isoformat()}
    return _make_delivery(db_session, ChannelType.SMS, secrets, progress, "+31201234567")


def _make_delivery(
    session: Session, channel_type: ChannelType, secrets: dict[str, str], progress: dict[str, Any], address: str
) -> Delivery:
    channel = make_channel(
        session, make_brand(session), channel_type, keyring=runtime().keyring, secrets=secrets, address=address
    )
    thread = make_thread(session, channel, make_contact(session))
    message = make_message(session, thread, "Bent u thuis?", message_type=MessageType.OUTGOING)
    kind, value = ("wa_id", "31612345678") if channel_type == ChannelType.WHATSAPP_BUSINESS else ("phone", "+31612345678")
    made = Delivery(
        message_id=message.id,
        thread_id=thread.id,
        channel_id=channel.id,
        status="unknown",
        state="ready",
        attempts=1,
        outgoing={"to": [{"name": "", "identities": [{"kind": kind, "value": value, "scope": ""}]}]},
        progress=progress,
        created_at=TRIED_AT,
        run_at=TRIED_AT,
    )
    session.add(made)
    session.flush()
    session.add(DeliveryAttempt(delivery_id=made.id, attempt_no=1, started_at=TRIED_AT, ended_at=TRIED_AT, outcome="unknown"))
    _store_event(session, channel.id, minutes_later=50)
    session.commit()
    return made


def test_message_is_sent_again_when_the_channel_was_heard_and_said_nothing_of_it(delivery: Delivery, db_session: Session) -> None:
    _read_everything(db_session)
    deliver(row_id=str(delivery.id))
    # Nothing listens where the tests' provider should be: the second attempt was made and refused.
    assert _outcomes(db_session, delivery.id) == ["unknown", "temporary"]


def test_message_is_not_sent_again_while_something_that_came_in_time_is_unread(delivery: Delivery, db_session: Session) -> None:
    _read_everything(db_session)
    _store_event(db_session, delivery.channel_id, minutes_later=0)
    db_session.commit()
    deliver(row_id=str(delivery.id))
    assert _outcomes(db_session, delivery.id) == ["unknown", "looked"]


def test_message_is_not_sent_again_while_what_an_outage_had_put_off_is_unread(delivery: Delivery, db_session: Session) -> None:
    """The first sign came long after the time reports have, and theirs ten seconds behind it."""
    _read_everything(db_session)
    _store_event(db_session, delivery.channel_id, minutes_later=51)
    late = sa.update(InboundEvent).where(InboundEvent.dedupe_key == "event 51")
    db_session.execute(late.values(received_at=TRIED_AT + timedelta(minutes=50, seconds=15)))
    db_session.commit()
    deliver(row_id=str(delivery.id))
    assert _outcomes(db_session, delivery.id) == ["unknown", "looked"]


def test_message_is_not_sent_again_right_after_the_first_sign(delivery: Delivery, db_session: Session) -> None:
    db_session.execute(sa.update(InboundEvent).values(state="done", received_at=utc_now()))
    db_session.commit()
    deliver(row_id=str(delivery.id))
    assert _outcomes(db_session, delivery.id) == ["unknown", "looked"]


def test_message_is_not_sent_again_while_reports_of_its_latest_try_may_still_come(
    delivery: Delivery, db_session: Session
) -> None:
    _read_everything(db_session)
    _add_attempt(db_session, delivery, outcome="unknown", at=utc_now())
    deliver(row_id=str(delivery.id))
    assert _outcomes(db_session, delivery.id) == ["unknown", "unknown", "looked"]


def test_a_try_that_only_looked_is_not_waited_for(delivery: Delivery, db_session: Session) -> None:
    _read_everything(db_session)
    _add_attempt(db_session, delivery, outcome="looked", at=utc_now())
    deliver(row_id=str(delivery.id))
    assert _outcomes(db_session, delivery.id) == ["unknown", "looked", "temporary"]


def test_message_that_turned_out_to_be_sent_is_done_and_not_sent_again(delivery: Delivery, db_session: Session) -> None:
    _read_everything(db_session)
    delivery.status = DeliveryStatus.DELIVERED
    db_session.commit()
    deliver(row_id=str(delivery.id))
    db_session.refresh(delivery)
    assert (delivery.state, delivery.ended_at is not None) == ("done", True)
    assert _outcomes(db_session, delivery.id) == ["unknown"]


def test_a_question_that_failed_is_asked_again_and_is_no_try(text_delivery: Delivery, db_session: Session) -> None:
    """However often: the outcome stays unknown, and all tries are left for sending."""
    text_delivery.attempts = 10
    db_session.commit()
    deliver(row_id=str(text_delivery.id))
    db_session.refresh(text_delivery)
    assert _outcomes(db_session, text_delivery.id) == ["unknown", "looked"]
    assert (text_delivery.state, text_delivery.status, text_delivery.attempts) == ("ready", "unknown", 10)
    waits = (text_delivery.run_at - utc_now()).total_seconds()
    assert 0 < waits <= runtime().settings.unknown_settle_seconds / 2


def test_after_a_day_of_questions_that_failed_a_person_decides(text_delivery: Delivery, db_session: Session) -> None:
    earlier = TRIED_AT - timedelta(hours=24)
    db_session.execute(sa.update(DeliveryAttempt).values(started_at=earlier, ended_at=earlier))
    db_session.commit()
    deliver(row_id=str(text_delivery.id))
    db_session.refresh(text_delivery)
    assert (text_delivery.state, text_delivery.status) == ("failed", "failed")
    assert (text_delivery.reason or {})["code"] == "unconfirmed"


def _add_attempt(session: Session, delivery: Delivery, *, outcome: str, at: datetime) -> None:
    session.add(DeliveryAttempt(delivery_id=delivery.id, attempt_no=2, started_at=at, ended_at=at, outcome=outcome))
    session.commit()


def _store_event(session: Session, channel_id: uuid.UUID, *, minutes_later: int) -> None:
    raw = RawEvent(source="whatsapp", dedupe_key=f"event {minutes_later}", body=b"{}", channel_id=channel_id)
    event_id = store_event(session, raw)
    at = TRIED_AT + timedelta(minutes=minutes_later, seconds=5)
    session.execute(sa.update(InboundEvent).where(InboundEvent.id == event_id).values(received_at=at))


def _read_everything(session: Session) -> None:
    session.execute(sa.update(InboundEvent).values(state="done"))
    session.commit()


def _outcomes(session: Session, delivery_id: uuid.UUID) -> list[str | None]:
    query = sa.select(DeliveryAttempt.outcome).where(DeliveryAttempt.delivery_id == delivery_id)
    return list(session.execute(query.order_by(DeliveryAttempt.attempt_no)).scalars())
