"""Many inbound events in one job: each ends for itself, and a message costs a bounded number of statements."""

from __future__ import annotations

import json
import time
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.core.work import claim
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.jobs import TABLE, process_inbound_events
from app.domain.ingest.models import InboundEvent
from app.domain.sla.models import SlaFact
from app.domain.threads.models import Message, Thread
from app.domain.threads.spam import block_sender
from tests.factories import NOW, make_brand, make_channel
from tests.support.queries import at_most

NUMBER = "106600000000001"
ALONE = 40  # statements for one message of somebody new: its event claimed, read, applied and finished
EACH, SHARED = 5, 45  # for each of several in one job, and for all of them together


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    channel = make_channel(db_session, make_brand(db_session), keyring=runtime().keyring, address=NUMBER)
    db_session.commit()
    return channel


def received(
    session: Session, channel: Channel, number: int, body: bytes | None = None, *, sender: str = "", text: str = "hoi"
) -> str:
    """Store the event of a message; returns its id. Each is of somebody else, unless `sender` says whose it is."""
    sender = sender or f"3161234{number:04d}"
    stamp = str(int(time.time()))
    message = {"id": f"wamid.{number}", "from": sender, "timestamp": stamp, "type": "text", "text": {"body": text}}
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


def test_one_the_database_refuses_costs_itself_and_the_others_are_stored(db_session: Session, channel: Channel) -> None:
    db_session.execute(sa.text("ALTER TABLE messages ADD CONSTRAINT no_poison CHECK (text <> 'poison')"))
    row_ids = [received(db_session, channel, n, text="poison" if n == 2 else "hoi") for n in range(4)]
    process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done", "done", "ready", "done"]
    assert heard_of(db_session) == ["wamid.0", "wamid.1", "wamid.3"]
    events = db_session.execute(sa.select(Event.message_id).where(Event.type == "MessageReceived")).scalars().all()
    assert len(events) == 3, "what was rolled back left no event behind, and what was done again has one"


def test_messages_of_one_person_go_to_one_thread_in_their_order(db_session: Session, channel: Channel) -> None:
    row_ids = [received(db_session, channel, n, sender="31612340000" if n in (1, 2, 4) else "") for n in range(5)]
    process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done"] * 5
    found = db_session.execute(sa.select(Message).where(Message.external_id.in_(["wamid.1", "wamid.2", "wamid.4"])))
    of_one = sorted(found.scalars(), key=lambda message: message.seq)
    assert len({message.thread_id for message in of_one}) == 1
    assert [message.external_id for message in of_one] == ["wamid.1", "wamid.2", "wamid.4"]


def test_each_of_many_has_its_clock_and_its_reactions_as_one_alone_has(db_session: Session, channel: Channel) -> None:
    def left_behind(number: int) -> list[object]:
        message = db_session.execute(sa.select(Message).where(Message.external_id == f"wamid.{number}")).scalar_one()
        facts = sa.select(SlaFact.kind).where(SlaFact.thread_id == message.thread_id).order_by(SlaFact.kind)
        of_thread = sa.select(Event.id).where(Event.thread_id == message.thread_id)
        promised = sa.select(OutboxEntry.handler).where(OutboxEntry.event_id.in_(of_thread)).order_by(OutboxEntry.handler)
        return [list(db_session.execute(query).scalars()) for query in (facts, promised)]

    process_inbound_events(row_ids=[received(db_session, channel, 0)])
    process_inbound_events(row_ids=[received(db_session, channel, number) for number in range(1, 4)])
    assert left_behind(0)[0]
    assert [left_behind(number) for number in range(1, 4)] == [left_behind(0)] * 3


def test_somebody_who_is_known_blocked_or_said_before_is_so_among_others_too(db_session: Session, channel: Channel) -> None:
    process_inbound_events(row_ids=[received(db_session, channel, 1), received(db_session, channel, 2)])
    blocked = db_session.execute(sa.select(Message).where(Message.external_id == "wamid.2")).scalar_one()
    block_sender(db_session, thread_id=blocked.thread_id, now=NOW, actor=SYSTEM)
    db_session.commit()
    again = [
        received(db_session, channel, 11, sender="31612340001"),
        received(db_session, channel, 12, sender="31612340002"),
        received(db_session, channel, 13),
    ]
    process_inbound_events(row_ids=again)
    messages = {m.external_id: m for m in db_session.execute(sa.select(Message)).scalars()}
    assert messages["wamid.11"].thread_id == messages["wamid.1"].thread_id
    assert messages["wamid.12"].sender_contact_id == messages["wamid.2"].sender_contact_id
    spam = {name: db_session.get_one(Thread, m.thread_id).spam_at is not None for name, m in messages.items()}
    assert [spam["wamid.11"], spam["wamid.12"], spam["wamid.13"]] == [False, True, False]


def test_a_message_alone_costs_a_bounded_number_of_statements(db_session: Session, channel: Channel) -> None:
    process_inbound_events(row_ids=[received(db_session, channel, 0)])
    row_ids = [received(db_session, channel, 1)]
    with at_most(db_session, ALONE):
        process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done"]


def test_each_of_many_messages_costs_four_rows_and_little_else(db_session: Session, channel: Channel) -> None:
    process_inbound_events(row_ids=[received(db_session, channel, 0)])
    row_ids = [received(db_session, channel, number) for number in range(1, 21)]
    with at_most(db_session, len(row_ids) * EACH + SHARED):
        process_inbound_events(row_ids=row_ids)
    assert states(db_session, row_ids) == ["done"] * 20
