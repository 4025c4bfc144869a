"""`channels`, `events`, `outbox`, `keys`, `db`: each reports in lines and in JSON."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring, generate_key, key_id_of, parse_keys
from app.core.db import Base
from app.core.migrate import head_revision
from app.core.runtime import EXTENSION, runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import open_secrets
from app.domain.connections.sign_ins import UnderWay, keep_sign_in, take_sign_in
from app.domain.events.models import Event, OutboxEntry
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.models import InboundEvent
from app.domain.notifications.models import PushKey
from app.domain.notifications.push_keys import own_key
from app.process.cli.keys import SEALED
from tests.factories import NOW, make_brand, make_channel, make_user
from tests.process.cli.conftest import Run


@pytest.fixture
def channel(app: Flask, db_session: Session) -> Channel:
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(
        db_session, make_brand(db_session), keyring=keyring, name="ChargeCars WhatsApp", secrets={"access_token": "EAAxyz"}
    )
    db_session.commit()
    return channel


def quarantined(session: Session, channel: Channel | None, key: str = "1") -> uuid.UUID:
    raw = RawEvent("whatsapp_business", key, b"{}", channel.id if channel else None, quarantine_reason="not understood")
    event_id = store_event(session, raw)
    session.commit()
    assert event_id is not None
    return event_id


def test_channels_are_listed_without_their_secrets(run: Run, channel: Channel) -> None:
    (listed,) = json.loads(run("channels", "list", "--json").output)
    assert (listed["channel_name"], listed["channel_type"], listed["brand"]) == (channel.name, "whatsapp_business", "chargecars")
    assert "EAAxyz" not in run("channels", "list", "--json").output
    assert "ChargeCars WhatsApp" in run("channels", "list").output


def test_a_channel_that_does_not_answer_fails_the_check_and_the_command(run: Run, channel: Channel, db_session: Session) -> None:
    result = run("channels", "check", channel.name, "--json")
    assert result.exit_code == 1
    assert json.loads(result.output)[0]["result"] == "down"
    db_session.expire_all()
    assert channel.health == "degraded"


def test_a_type_with_nobody_to_ask_does_not_fail_the_check(run: Run, channel: Channel, db_session: Session) -> None:
    db_session.execute(sa.update(Channel).values(channel_type=ChannelType.EMAIL))
    db_session.commit()
    result = run("channels", "check", "--json")
    assert result.exit_code == 0
    assert json.loads(result.output)[0]["result"] == "no check"


def test_an_unknown_channel_is_a_line(run: Run, channel: Channel) -> None:
    result = run("channels", "check", "Nope")
    assert (result.exit_code, result.output) == (1, "Error: there is no channel 'Nope'; `channels list` names them\n")


def test_events_in_quarantine_are_listed_and_replayed(run: Run, channel: Channel, db_session: Session) -> None:
    event_id = quarantined(db_session, channel)
    (listed,) = json.loads(run("events", "list", "--json").output)
    assert (listed["id"], listed["reason"], listed["channel_name"]) == (str(event_id), "not understood", channel.name)
    assert str(event_id) in run("events", "list").output
    assert json.loads(run("events", "replay", str(event_id), "--json").output) == {"replayed": 1}
    assert db_session.get_one(InboundEvent, event_id, populate_existing=True).state == "ready"


def test_all_events_are_replayed_at_once(run: Run, channel: Channel, db_session: Session) -> None:
    for n in range(3):
        quarantined(db_session, channel, str(n))
    assert run("events", "replay", "--all").output == "3 sent back to be processed\n"
    assert run("events", "replay", "--all").output == "0 sent back to be processed\n"


def test_an_event_of_no_channel_is_given_one(run: Run, channel: Channel, db_session: Session) -> None:
    event_id = quarantined(db_session, None)
    run("events", "replay", str(event_id), "--channel", channel.name)
    assert db_session.get_one(InboundEvent, event_id, populate_existing=True).channel_id == channel.id


@pytest.mark.parametrize("words", [(), ("--all", str(uuid.UUID(int=1))), ("nonsense",)])
def test_replay_says_what_it_needs(run: Run, words: tuple[str, ...]) -> None:
    assert run("events", "replay", *words).exit_code == 2


def test_an_event_that_is_not_in_quarantine_is_left_alone_and_so_are_those_named_with_it(
    run: Run, channel: Channel, db_session: Session
) -> None:
    event_id = quarantined(db_session, channel)
    result = run("events", "replay", str(event_id), str(uuid.UUID(int=1)))
    assert result.exit_code == 1
    assert db_session.get_one(InboundEvent, event_id, populate_existing=True).state == "quarantined"


def test_a_sweep_makes_what_is_due_ready_for_a_fresh_hint_and_nothing_else(
    run: Run, channel: Channel, db_session: Session
) -> None:
    now = utc_now()
    db_session.execute(sa.update(OutboxEntry).values(state="done"))  # what connecting the channel has promised
    event = Event(type="MessageReceived", occurred_at=now, brand_id=channel.brand_id, depth=0, payload={})
    db_session.add(event)
    db_session.flush()
    due, later, done = (
        OutboxEntry(event_id=event.id, handler=name, queue="live", state=state, run_at=run_at, hinted_at=now)
        for name, state, run_at in (
            ("due", "ready", now - timedelta(minutes=1)),
            ("later", "ready", now + timedelta(hours=1)),
            ("done", "done", now),
        )
    )
    db_session.add_all([due, later, done])
    db_session.commit()
    assert json.loads(run("outbox", "sweep", "--json").output)["outbox_entries"] == 1
    db_session.expire_all()
    assert due.hinted_at is None
    assert later.hinted_at is not None
    assert done.hinted_at is not None


def test_keys_are_rotated_row_by_row_and_again_without_effect(
    run: Run, app: Flask, channel: Channel, db_session: Session
) -> None:
    built = app.extensions[EXTENSION]
    keys = f"{generate_key(7)},{built.settings.encryption_keys}"
    app.extensions[EXTENSION] = replace(built, keyring=Keyring(parse_keys(keys)))
    try:
        first = json.loads(run("keys", "rotate", "--json").output)
        second = json.loads(run("keys", "rotate", "--json").output)
        db_session.expire_all()
        assert channel.sealed_secrets is not None
        assert key_id_of(channel.sealed_secrets) == 7
        assert open_secrets(channel, Keyring(parse_keys(keys))) == {"access_token": "EAAxyz"}
    finally:
        app.extensions[EXTENSION] = built
    assert first == {"sealed_again": 1, "up_to_date": 0, "cannot_be_opened": 0}
    assert second == {"sealed_again": 0, "up_to_date": 1, "cannot_be_opened": 0}


def test_the_key_of_pushes_is_rotated_as_well(run: Run, app: Flask, db_session: Session) -> None:
    built = app.extensions[EXTENSION]
    public = own_key(db_session, keyring=built.keyring, now=NOW).public
    db_session.commit()
    keyring = Keyring(parse_keys(f"{generate_key(7)},{built.settings.encryption_keys}"))
    app.extensions[EXTENSION] = replace(built, keyring=keyring)
    try:
        assert json.loads(run("keys", "rotate", "--json").output)["sealed_again"] >= 1
    finally:
        app.extensions[EXTENSION] = built
    db_session.expire_all()
    assert key_id_of(db_session.execute(sa.select(PushKey.sealed_private)).scalar_one()) == 7
    assert own_key(db_session, keyring=keyring, now=NOW).public == public


def test_what_was_entered_for_a_sign_in_is_rotated_as_well(run: Run, app: Flask, db_session: Session) -> None:
    built, user = app.extensions[EXTENSION], make_user(db_session)
    under_way = UnderWay(user.id, {"state": "s"}, {"client_secret": "geheim"})
    keep_sign_in(db_session, under_way, keyring=built.keyring, now=NOW)
    db_session.commit()
    newest = generate_key(7)
    keyring = Keyring(parse_keys(f"{newest},{built.settings.encryption_keys}"))
    app.extensions[EXTENSION] = replace(built, keyring=keyring)
    try:
        assert json.loads(run("keys", "rotate", "--json").output)["sealed_again"] == 1
    finally:
        app.extensions[EXTENSION] = built
    assert take_sign_in(db_session, "s", user_id=user.id, keyring=Keyring(parse_keys(newest)), now=NOW) == under_way


# Columns of bytes in which nothing is sealed. Whatever is not named here has to be rotated.
PLAIN_BYTES = {
    ("inbound_events", "body"), ("inbound_events", "body_sha256"), ("push_keys", "public_point"), ("user_sessions", "token_hash"),
    ("api_tokens", "token_hash"), ("webhook_messages", "payload"), ("webhook_deliveries", "body"),
    ("webhook_attempts", "response_body"), ("partner_keys", "key_hash"), ("partner_orders", "fingerprint"),
    ("order_quotes", "token_hash"), *(("report_days", name) for name in ("scores", "open_seconds", "hours", "wall_seconds")),
    ("field_file_parts", "content"),
}  # fmt: skip


def test_no_sealed_column_is_left_out_by_a_rotation() -> None:
    columns = {(table.name, column.name) for table in Base.metadata.tables.values() for column in table.c if is_bytes(column)}
    assert columns - PLAIN_BYTES == {("channels", "sealed_secrets"), *((table.name, name) for table, name in SEALED)}


def is_bytes(column: sa.Column[Any]) -> bool:
    return isinstance(column.type, sa.LargeBinary)


def test_a_secret_whose_key_is_gone_is_reported_and_kept(run: Run, app: Flask, channel: Channel, db_session: Session) -> None:
    built = app.extensions[EXTENSION]
    before = channel.sealed_secrets
    app.extensions[EXTENSION] = replace(built, keyring=Keyring(parse_keys(generate_key(7))))
    try:
        result = run("keys", "rotate", "--json")
    finally:
        app.extensions[EXTENSION] = built
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"sealed_again": 0, "up_to_date": 0, "cannot_be_opened": 1}
    db_session.expire_all()
    assert channel.sealed_secrets == before


def test_the_database_is_brought_to_the_head_and_a_second_time_stays_there(run: Run, app: Flask) -> None:
    assert json.loads(run("db", "upgrade", "--json").output) == {"revision": head_revision()}
    assert run("db", "upgrade").exit_code == 0
