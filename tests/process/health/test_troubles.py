"""What is wrong with the installation is found, told once, and told again when it is mended."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.core.shortage import WAITS_FOR_STORAGE
from app.domain.connections.models import Channel
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from app.process.health.actions import note_troubles
from app.process.health.jobs import watch_system
from app.process.health.queries import NO_STORAGE, find_troubles
from tests.factories import make_brand, make_channel
from tests.support.disks import broken_folder, storage_folder

QUEUES = ("live", "send")


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    made = make_channel(db_session, make_brand(db_session), keyring=runtime().keyring)
    db_session.commit()
    return made


def keys(session: Session, *, served: tuple[str, ...] | None = QUEUES, later: timedelta = timedelta()) -> list[str]:
    session.flush()
    return [one.key for one in find_troubles(session, now=utc_now() + later, queues=QUEUES, served=served)]


def test_a_quiet_house_has_none(channel: Channel, db_session: Session) -> None:
    assert keys(db_session) == []
    assert keys(db_session, served=None) == []


def test_quarantine_is_trouble_while_it_grows(channel: Channel, db_session: Session) -> None:
    store_event(db_session, RawEvent(source="email_inbound", dedupe_key="1", body=b"x", quarantine_reason="not a mail"))
    assert "quarantine" in keys(db_session)
    assert "quarantine" not in keys(db_session, later=timedelta(hours=2))


def test_a_channel_that_is_down_is_trouble_unless_it_is_off(channel: Channel, db_session: Session) -> None:
    channel.health = "down"
    assert keys(db_session) == [f"channel {channel.id}"]
    channel.is_active = False
    assert keys(db_session) == []


def test_work_that_waits_long_is_trouble(channel: Channel, db_session: Session) -> None:
    event = Event(type="MessageReceived", occurred_at=utc_now(), brand_id=channel.brand_id, depth=0, payload={})
    db_session.add(event)
    db_session.flush()
    db_session.add(OutboxEntry(event_id=event.id, handler="push_thread_change", queue="live"))
    db_session.flush()
    assert keys(db_session) == []
    assert keys(db_session, later=timedelta(minutes=6)) == ["waiting outbox_entries"]
    store_event(db_session, RawEvent(source="whatsapp", dedupe_key="1", body=b"x", channel_id=channel.id))
    assert "waiting inbound_events" in keys(db_session, later=timedelta(minutes=6))
    channel.paused_at = utc_now()
    assert keys(db_session, later=timedelta(minutes=6)) == ["waiting outbox_entries"]
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 1


def test_a_queue_nobody_serves_is_trouble(channel: Channel, db_session: Session) -> None:
    assert keys(db_session, served=("live",)) == ["worker send"]


def test_a_store_that_fails_is_told_once_and_once_more_when_it_works(
    app_context: Flask, channel: Channel, db_session: Session
) -> None:
    runtime().storage.check()  # a store that never was there says so in other words than one that went away
    with broken_folder(storage_folder(app_context)):
        for _minute in range(3):
            watch_system()
    for _minute in range(2):
        watch_system()
    events = sa.select(Event.payload).where(Event.type == "SystemTroubleTold").order_by(Event.id)
    told = [payload["text"] for payload in db_session.execute(events).scalars() if "file store" in payload["text"]]
    assert told == [NO_STORAGE % {"why": "Not a directory"}, f"Fixed: {NO_STORAGE % {'why': 'Not a directory'}}"]


def test_a_mail_for_which_there_is_no_room_is_trouble_though_there_is_room_for_little(
    channel: Channel, db_session: Session
) -> None:
    store_event(db_session, RawEvent(source="whatsapp", dedupe_key="1", body=b"x", channel_id=channel.id))
    db_session.execute(sa.update(InboundEvent).values(reason=WAITS_FOR_STORAGE % {"why": "No space left on device"}))
    (trouble,) = find_troubles(db_session, now=utc_now(), queues=QUEUES, served=QUEUES)
    assert (trouble.key, trouble.text) == ("storage", NO_STORAGE % {"why": "No space left on device"})


def test_each_trouble_is_told_once_and_once_more_when_it_is_mended(channel: Channel, db_session: Session) -> None:
    channel.health, channel.health_detail = "down", "Microsoft refused our sign-in"
    db_session.flush()
    now = utc_now()
    for minute in range(3):
        found = find_troubles(db_session, now=now, queues=QUEUES, served=QUEUES)
        assert note_troubles(db_session, found, now=now + timedelta(minutes=minute)) == (minute == 0)
    assert [note_troubles(db_session, [], now=now + timedelta(minutes=minute)) for minute in (3, 4)] == [1, 0]
    events = sa.select(Event.payload).where(Event.type == "SystemTroubleTold").order_by(Event.id)
    told = [payload["text"] for payload in db_session.execute(events).scalars()]
    assert told[-2].endswith("does not work: Microsoft refused our sign-in")
    assert told[-1] == f"Fixed: {told[-2]}"


def test_a_scheduler_that_was_away_is_told_when_it_is_back(channel: Channel, db_session: Session) -> None:
    now = utc_now()
    assert note_troubles(db_session, [], now=now) == 0
    assert note_troubles(db_session, [], now=now + timedelta(minutes=20)) == 1
    assert note_troubles(db_session, [], now=now + timedelta(minutes=21)) == 0
