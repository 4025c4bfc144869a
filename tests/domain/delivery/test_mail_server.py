"""A channel at a mail server from the promise to the mailbox and back, with the simulated server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import DeliveryStatus
from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.actions import Reply, ReplyContext, queue_reply
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery, DeliveryAttempt
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.threads.models import Message, MessageType, Thread
from app.sandbox.simulators.mailserver import MailServerSimulator, start_mail_server
from tests.factories import make_brand, make_channel, make_viewer

MAILBOX = "info@buurtstroom.example"


@dataclass
class House:
    session: Session
    simulator: MailServerSimulator
    channel: Channel
    alice: Viewer

    def read_mail(self) -> None:
        poll_channel(self.channel.id)
        for event_id in self.session.execute(sa.select(InboundEvent.id).where(InboundEvent.state == "ready")).scalars().all():
            process_inbound_event(row_id=str(event_id))
        self.session.expire_all()

    def customer_writes(self, subject: str = "Laadpaal") -> Thread:
        head = ["From: Jan <jan@example.nl>", f"To: {MAILBOX}", f"Subject: {subject}", f"Message-ID: <{subject}@example.nl>"]
        self.simulator.post.deliver(MAILBOX, "\r\n".join([*head, "", "Hallo", ""]).encode())
        self.read_mail()
        return self.session.execute(sa.select(Thread).where(Thread.subject == subject)).scalar_one()

    def answer(self, thread: Thread, **more: Any) -> Delivery:
        rules = runtime().adapters.rules[self.channel.channel_type.value]
        context = ReplyContext(rules=rules, mail_keys=runtime().mail_keys, mail_domain="mail.example", now=utc_now())
        reply = Reply(thread_id=thread.id, text="Wij komen langs", channel_id=self.channel.id, **more)
        (message,) = queue_reply(
            self.session, reply, channel=self.channel, author=self.alice.actor, author_name="Alice", context=context
        )
        self.session.commit()
        return self.session.execute(sa.select(Delivery).where(Delivery.message_id == message.id)).scalar_one()

    def carry_out(self, delivery: Delivery) -> Delivery:
        """The delivery is due, and a worker takes it."""
        self.session.execute(sa.update(Delivery).values(run_at=utc_now() - timedelta(seconds=1)))
        self.session.commit()
        deliver(row_id=str(delivery.id))
        self.session.expire_all()
        return delivery


@pytest.fixture
def house(app_context: Flask, db_session: Session) -> Iterator[House]:
    simulator = start_mail_server()
    simulator.post.open_account(MAILBOX, "secret")
    line = {"smtp_host": "127.0.0.1", "smtp_port": simulator.smtp.port, "smtp_security": "none"}
    line |= {"imap_host": "127.0.0.1", "imap_port": simulator.imap.port, "imap_security": "none"}
    brand = make_brand(db_session)
    channel = make_channel(
        db_session,
        brand,
        ChannelType.EMAIL,
        keyring=runtime().keyring,
        address=MAILBOX,
        settings={"transport": "smtp", **line},
        secrets={"password": "secret"},
    )
    alice = make_viewer(db_session, brands=(brand,))
    db_session.commit()
    yield House(db_session, simulator, channel, alice)
    simulator.stop()


def test_question_and_answer_over_the_wire(house: House) -> None:
    thread = house.customer_writes()
    delivery = house.carry_out(house.answer(thread))
    assert (delivery.status, delivery.state) == (DeliveryStatus.SENT, "done")
    (sent,) = house.simulator.post.outbox
    assert sent.recipients == ("jan@example.nl",)
    assert sent.mail["In-Reply-To"] == "<Laadpaal@example.nl>"
    house.read_mail()  # our own copy is known as such
    kinds = sa.select(Message.message_type).where(Message.thread_id == thread.id).order_by(Message.seq)
    assert house.session.execute(kinds).scalars().all() == [MessageType.INCOMING, MessageType.OUTGOING]


def test_folder_whose_numbers_all_changed_brings_nothing_twice(house: House) -> None:
    house.customer_writes()
    house.simulator.post.account(MAILBOX).folders["INBOX"].renumber()
    house.customer_writes("Nog iets")
    assert house.session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 2


def test_mail_of_unknown_outcome_is_never_sent_again_by_itself(house: House) -> None:
    """The channel is heard all the time, as customers write; that proves nothing about a mail nobody reports on."""
    delivery = house.answer(house.customer_writes())
    house.simulator.post.smtp_mode = "drops"
    house.carry_out(delivery)
    assert delivery.status == DeliveryStatus.UNKNOWN
    long_ago = utc_now() - timedelta(hours=1)
    house.session.execute(sa.update(DeliveryAttempt).values(started_at=long_ago))
    house.simulator.post.smtp_mode = "fine"
    house.customer_writes("Daarna")
    house.carry_out(delivery)
    assert (delivery.status, len(house.simulator.post.outbox)) == (DeliveryStatus.UNKNOWN, 1)
    assert _outcomes(house.session, delivery) == ["unknown", "looked"]


def test_recipient_that_was_refused_shows_on_the_message(house: House) -> None:
    delivery = house.carry_out(house.answer(house.customer_writes(), cc=("nobody@example.nl",)))
    assert delivery.status == DeliveryStatus.BOUNCED
    assert (delivery.reason or {})["title"] == "Not delivered to nobody@example.nl"
    assert house.simulator.post.outbox[0].recipients == ("jan@example.nl",)


def test_channel_without_a_transport_neither_sends_nor_is_polled(house: House) -> None:
    archive = make_channel(
        house.session, make_brand(house.session, "other"), ChannelType.EMAIL, keyring=runtime().keyring, address="a@b.example"
    )
    keys = house.session.execute(sa.select(Channel.adapter_key).order_by(Channel.adapter_key)).scalars().all()
    assert keys == [archive.adapter_key, house.channel.adapter_key] == ["email", "email/smtp"]
    assert "email" not in runtime().adapters.senders
    assert "email" not in runtime().adapters.pollers


def _outcomes(session: Session, delivery: Delivery) -> list[str | None]:
    query = sa.select(DeliveryAttempt.outcome).where(DeliveryAttempt.delivery_id == delivery.id)
    return list(session.execute(query.order_by(DeliveryAttempt.attempt_no)).scalars())


def test_what_waited_for_a_password_goes_on_once_a_check_finds_it_right(house: House) -> None:
    """The server is left alone for minutes after a refused password, unless somebody says that it works again."""
    thread, post = house.customer_writes(), house.simulator.post
    post.smtp_mode = post.imap_mode = "locked"
    first = house.carry_out(house.answer(thread))
    later = house.answer(thread, wait_seconds=7200)
    house.read_mail()
    assert (first.state, house.channel.health, post.outbox) == ("ready", "down", [])
    asked = house.session.get_one(Message, first.message_id)
    assert asked.delivery_reason is not None
    assert (asked.delivery_status, asked.delivery_reason["code"]) == ("pending", "mail_sign_in")
    assert check(house) == ("down", False)
    rests_until, due = first.run_at, later.run_at
    assert rests_until > utc_now() + timedelta(seconds=200)
    post.smtp_mode = post.imap_mode = "fine"
    assert check(house) == ("ok", True)
    assert first.run_at < utc_now() + timedelta(seconds=1)
    assert later.run_at == due
    deliver(row_id=str(first.id))
    house.session.expire_all()
    assert [sent.recipients for sent in post.outbox] == [("jan@example.nl",)]
    assert (asked.delivery_status, asked.delivery_reason) == ("sent", None)
    house.customer_writes("Nog iets")


def test_a_server_that_is_busy_is_no_work_for_anybody(house: House) -> None:
    house.simulator.post.smtp_mode = "unavailable"
    assert check(house) == ("degraded", False)


def check(house: House) -> tuple[str, bool]:
    found = check_channel(house.channel)
    house.session.expire_all()
    return house.channel.health, bool(found and found.ok)
