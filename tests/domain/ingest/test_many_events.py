"""Many inbound events in one job: each ends for itself, and a message costs a bounded number of statements."""

from __future__ import annotations

import json
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.core.work import claim
from app.domain.connections.models import Channel
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.jobs import TABLE, process_inbound_events
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message
from tests.factories import make_brand, make_channel
from tests.support.queries import at_most

NUMBER = "106600000000001"
STATEMENTS = 36  # of one message of somebody new, its event claimed, read, applied and finished


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    channel = make_channel(db_session, make_brand(db_session), keyring=runtime().keyring, address=NUMBER)
    db_session.commit()
    return channel


def received(session: Session, channel: Channel, number: int, body: bytes | None = None) -> str:
    """Store the event of a message; returns its id."""
    sender = f"3161234{number:04d}"
    message = {"id": f"wamid.{number}", "from": sender, "timestamp": "1795234570", "type": "text", "text": {"body": "hoi"}}
    value = {"metadata": {"phone_number_id": NUMBER}, "contacts": [{"wa_id": sender}], "messages": [message]}
    entry = {"id": "1", "changes": [{"field": "messages", "value": {"messaging_product": "whatsapp", **value}}]}
    content = body or json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    event_id = store_event(session, RawEvent("whatsapp", str(number), content, channel_id=channel.id))
    session.commit()
    return str(event_id)


def states(session: Session, row_ids: list[str]) -> list[str]:
    session.expire_all()
    return [session.get_one(InboundEvent, uuid.UUID(row_id)).state for row_id in row_ids]


def heard_of(session: Session) -> list[str]:
    """The messages in the order in which they were stored."""
    return [str(name) for name in session.execute(sa.select(Message.external_id).order_by(Message.id)).scalars()]


def test_they_are_applied_in_the_order_given_and_a_bad_one_costs_itself(db_session: Session, channel: Channel) -> None:
    row_ids = [received(db_session, channel, n, b"no JSON" if n == 1 else None) for n in range(3)]
    process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done", "quarantined", "done"]
    assert heard_of(db_session) == ["wamid.0", "wamid.2"]


def test_one_that_somebody_else_holds_is_left_to_them(db_session: Session, channel: Channel) -> None:
    row_ids = [received(db_session, channel, n) for n in range(3)]
    claim(db_session, TABLE, uuid.UUID(row_ids[1]))
    db_session.commit()
    process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done", "running", "done"]
    assert heard_of(db_session) == ["wamid.0", "wamid.2"]


def test_a_job_that_runs_twice_does_nothing_the_second_time(db_session: Session, channel: Channel) -> None:
    row_ids = [received(db_session, channel, n) for n in range(2)]
    process_inbound_events(row_ids=row_ids)
    process_inbound_events(row_ids=row_ids)
    assert heard_of(db_session) == ["wamid.0", "wamid.1"]


def test_a_message_costs_a_bounded_number_of_statements(db_session: Session, channel: Channel) -> None:
    process_inbound_events(row_ids=[received(db_session, channel, 0)])
    row_ids = [received(db_session, channel, number) for number in range(1, 6)]
    with at_most(db_session, len(row_ids) * STATEMENTS):
        process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done"] * 5
