"""A provider that fails is left alone by polls and fetches too, and what waited there comes in once when it is back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import ChannelAccount, ProviderError, Reason
from app.contract.fetching import FetchedMedia
from app.core.clock import utc_now
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.connection_check import check_channel
from app.domain.connections.gate import OPENS_AFTER, REST_SECONDS, Gate
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import Resting, gate_of, reading
from app.domain.events.actions import Subject, record
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.ingest.polling import poll_channel
from app.domain.threads.models import Attachment
from app.providers.whatsapp_cloud import KEY as WHATSAPP
from tests.domain.ingest.mailbox_world import MailboxWorld
from tests.factories import NOW, make_brand, make_contact, make_message, make_thread
from tests.support.providers import talking_by
from tests.web.connections.test_condition import make_number

DOWN = ProviderError(Reason("network_timeout", "down"), permanent=False)
PAUSE = ProviderError(Reason("http_429", "slow down"), permanent=False, retry_after_seconds=30)


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    made = make_number(app_context, db_session, make_brand(db_session))
    db_session.commit()
    return made


def fail(channel: Channel, error: ProviderError = DOWN, *, times: int = OPENS_AFTER) -> None:
    for _time in range(times):
        with pytest.raises(ProviderError), reading(channel):
            raise error


def let_rest_pass(channel: Channel) -> None:
    """As if the clock had gone on; the failures are remembered."""
    runtime().redis.hset(f"gate:{channel.id}:read", "until", str(time.time() - 1))


def rests(gate: Gate) -> float:
    look = gate.look(now=time.time())
    assert look is not None
    return look.rests_seconds


def test_a_mailbox_that_fails_is_not_polled_and_is_read_once_when_it_is_back(followed: MailboxWorld) -> None:
    channel, delta = followed.channel, "/delta"
    followed.read()
    followed.write("Terwijl het stuk was")
    followed.simulator.fault("GET", "/delta", status=503, times=OPENS_AFTER + 1)
    asked = len(followed.simulator.calls("GET", delta))
    for _round in range(OPENS_AFTER + 3):
        poll_channel(channel.id)
    assert len(followed.simulator.calls("GET", delta)) == asked + OPENS_AFTER
    let_rest_pass(channel)
    for _round in range(3):  # one tries, in vain, and it rests again
        poll_channel(channel.id)
    assert len(followed.simulator.calls("GET", delta)) == asked + OPENS_AFTER + 1
    assert rests(gate_of(channel, lane="read")) > REST_SECONDS
    let_rest_pass(channel)
    for _round in range(3):
        followed.read()
    assert [one.subject for one in followed.messages()] == ["Terwijl het stuk was"]


def test_a_mailbox_that_was_asked_to_wait_is_read_as_soon_as_a_check_succeeds(followed: MailboxWorld) -> None:
    channel = followed.channel
    followed.read()
    followed.write("Terwijl het wachtte")
    followed.simulator.fault("GET", "/delta", status=429, headers={"Retry-After": "60"}, times=1)
    assert [poll_channel(channel.id).stored for _round in range(2)] == [0, 0]
    gate_of(channel).open()
    assert poll_channel(channel.id).stored == 0, "the mailbox rests by itself, too"
    check_channel(channel)
    assert poll_channel(channel.id).stored == 1


def test_a_check_leaves_the_mailbox_to_whoever_reads_it(followed: MailboxWorld) -> None:
    """However long their lease: another process may give longer ones."""
    channel = followed.channel
    followed.write("Voor wie leest")
    channel.poll_lease_until = utc_now() + timedelta(hours=1)
    followed.session.commit()
    check_channel(channel)
    assert poll_channel(channel.id).stored == 0


def test_a_rest_is_shared_and_one_call_tries(channel: Channel) -> None:
    fail(channel)
    with pytest.raises(Resting), reading(channel):
        raise AssertionError("nobody calls meanwhile")
    let_rest_pass(channel)
    with reading(channel), pytest.raises(Resting), reading(channel):
        raise AssertionError("one tries alone")
    with reading(channel):
        pass


def test_reading_that_fails_holds_no_reply_but_a_provider_that_asks_to_wait_does(channel: Channel) -> None:
    fail(channel)
    assert (rests(gate_of(channel)), rests(gate_of(channel, lane="read")) > 0) == (0, True)
    fail(channel, PAUSE, times=0)
    gate_of(channel).open()
    fail(channel, PAUSE, times=1)
    assert 25 < rests(gate_of(channel)) <= 30
    assert 25 < rests(gate_of(channel, lane="read")) <= 30


def test_when_valkey_is_emptied_calls_are_made(channel: Channel) -> None:
    fail(channel)
    runtime().redis.flushdb()
    with reading(channel):
        pass


def test_what_is_refused_for_good_says_that_somebody_is_there(channel: Channel) -> None:
    fail(channel, times=OPENS_AFTER - 1)
    fail(channel, ProviderError(Reason("gone", "gone"), permanent=True), times=1)
    fail(channel, times=1)
    assert rests(gate_of(channel, lane="read")) == 0


def test_reads_are_no_sends_of_the_minute(channel: Channel) -> None:
    with reading(channel):
        pass
    look = gate_of(channel).look(now=time.time())
    assert look is not None
    assert look.left == look.per_minute


class Files:
    """A provider's files; `calls` counts who asks."""

    def __init__(self) -> None:
        self.calls = 0

    def fetch_media(self, *, media_id: str, url: str | None, account: ChannelAccount) -> FetchedMedia:
        self.calls += 1
        return FetchedMedia(b"\x89PNG", "image/png")


@pytest.fixture
def files(app_context: Flask) -> Iterator[Files]:
    made = Files()
    with talking_by(app_context, replace(runtime().adapters, media={WHATSAPP: made})):
        yield made


def announce(session: Session, channel: Channel, count: int) -> OutboxEntry:
    """A message with so many files to fetch, and the promise to fetch them."""
    thread = make_thread(session, channel, make_contact(session))
    message = make_message(session, thread)
    message.channel_id = channel.id
    for place in range(count):
        about = {"filename": "x", "content_type": "image/png", "state": "pending", "provider": {"media_id": str(place)}}
        session.add(Attachment(id=new_id(), message_id=message.id, position=place, created_at=NOW, **about))
    subject = Subject(brand_id=channel.brand_id, thread_id=thread.id, message_id=message.id)
    record(session, "AttachmentsAnnounced", subject=subject, now=NOW)
    session.commit()
    return session.execute(sa.select(OutboxEntry).where(OutboxEntry.handler == "fetch_announced_media")).scalar_one()


def test_files_wait_while_the_channel_rests_lose_no_try_and_come_once(
    db_session: Session, channel: Channel, files: Files
) -> None:
    entry = announce(db_session, channel, 3)
    fail(channel)
    run_outbox_entry(row_id=str(entry.id))
    db_session.refresh(entry)
    assert (files.calls, entry.state, entry.attempts, entry.run_at > utc_now()) == (0, "ready", 0, True)
    let_rest_pass(channel)
    entry.run_at = NOW
    db_session.commit()
    for _round in range(2):
        run_outbox_entry(row_id=str(entry.id))
    db_session.refresh(entry)
    states = db_session.execute(sa.select(Attachment.state)).scalars().all()
    assert (files.calls, entry.state, list(states)) == (3, "done", ["stored"] * 3)
