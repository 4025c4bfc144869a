"""Mail from the inbound route to the thread: any order, any number of times, the same threads."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.connections.models import Channel, ChannelType
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message, Thread, ThreadStatus
from app.mail.addressing import make_message_id, make_plus_token
from tests.factories import make_brand, make_channel

MAILBOX = "service@chargecars.example"
KEY = "0123456789abcdef0123456789abcdef"
# What lies ahead of now would count as written now.
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=6)


@dataclass
class Sender:
    client: FlaskClient
    session: Session
    posted: list[int] = field(default_factory=list)

    def post(self, mail: EmailMessage | bytes, key: str = KEY) -> int:
        raw = mail if isinstance(mail, bytes) else mail.as_bytes()
        return self.client.post(f"/webhooks/email/inbound?key={key}", data=raw, content_type="message/rfc822").status_code

    def work(self) -> None:
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for row_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(row_id))
        self.session.expire_all()

    def threads(self) -> set[frozenset[str]]:
        """The partition of messages into threads, by Message-ID."""
        rows = self.session.execute(sa.select(Message.thread_id, Message.external_id)).all()
        groups: dict[object, set[str]] = {}
        for row in rows:
            groups.setdefault(row.thread_id, set()).add(row.external_id)
        return {frozenset(ids) for ids in groups.values()}


def mail(
    n: int,
    subject: str = "Offerte",
    *,
    sender: str = "pieter@example.nl",
    refs: tuple[int, ...] = (),
    to: str = MAILBOX,
    **headers: str,
) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = f"Pieter van Dam <{sender}>", to, subject
    message["Message-ID"], message["Date"] = f"<m{n}@example.nl>", format_datetime(START + timedelta(hours=n))
    if refs:
        message["In-Reply-To"] = f"<m{refs[-1]}@example.nl>"
        message["References"] = " ".join(f"<m{r}@example.nl>" for r in refs)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(f"Bericht {n}")
    return message


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    channel = make_channel(
        db_session,
        make_brand(db_session),
        ChannelType.EMAIL,
        keyring=runtime().keyring,
        address=MAILBOX,
        secrets={"url_key": KEY},
    )
    db_session.commit()
    return channel


@pytest.fixture
def sender(client: FlaskClient, db_session: Session, channel: Channel) -> Sender:
    return Sender(client, db_session)


CHAIN = [
    mail(1),
    mail(2, "Re: Offerte", refs=(1,)),
    mail(3, "Re: Offerte", refs=(1, 2)),
    mail(4, "RE: Offerte", refs=(1,)),
    mail(5, "Iets anders"),
]
EXPECTED = {frozenset({"m1@example.nl", "m2@example.nl", "m3@example.nl", "m4@example.nl"}), frozenset({"m5@example.nl"})}


@pytest.mark.parametrize("order", random.Random(3).sample(list(itertools.permutations(range(5))), 12), ids=str)
def test_a_reply_chain_gives_the_same_threads_in_any_order_and_twice(sender: Sender, order: tuple[int, ...]) -> None:
    for n in (*order, *order):
        assert sender.post(CHAIN[n]) == 200
        sender.work()
    assert sender.threads() == EXPECTED


def test_a_late_mail_that_names_two_threads_joins_them(sender: Sender, db_session: Session) -> None:
    for message in (mail(10, refs=(1,)), mail(11, refs=(2,)), mail(12, refs=(1, 2, 10))):
        sender.post(message)
        sender.work()
    assert sender.threads() == {frozenset({"m10@example.nl", "m11@example.nl", "m12@example.nl"})}
    assert db_session.execute(sa.select(Thread.message_count)).scalar_one() == 3


def test_the_subject_is_that_of_the_first_mail_though_a_reply_came_first(sender: Sender, db_session: Session) -> None:
    for message in (CHAIN[1], CHAIN[0]):
        sender.post(message)
        sender.work()
    assert db_session.execute(sa.select(Thread.subject)).scalar_one() == "Offerte"


@pytest.mark.parametrize("empty", ["<>", "< >", "", "<@>"])
def test_empty_ids_never_match(sender: Sender, empty: str) -> None:
    for n in (1, 2):
        sender.post(mail(n, f"Vraag {n}", sender=f"klant{n}@example.nl", In_Reply_To=empty, References=empty))
    sender.work()
    assert len(sender.threads()) == 2


def test_our_signed_address_outweighs_everything_else(sender: Sender, db_session: Session) -> None:
    sender.post(mail(1))
    sender.post(mail(5, "Iets anders"))
    sender.work()
    number = db_session.execute(
        sa.select(Thread.number).join(Message, Message.thread_id == Thread.id).where(Message.external_id == "m1@example.nl")
    ).scalar_one()
    token = make_plus_token(number, key=runtime().mail_keys[0], today=datetime.now(UTC).date())
    sender.post(mail(6, "Nieuw onderwerp", refs=(5,), to=f"service+{token}@chargecars.example"))
    sender.work()
    assert frozenset({"m1@example.nl", "m6@example.nl"}) in sender.threads()


def test_a_forged_address_token_proves_nothing(sender: Sender) -> None:
    sender.post(mail(1))
    sender.work()
    forged = make_plus_token(1, key=b"not our key" * 3, today=datetime.now(UTC).date())
    sender.post(mail(2, "Hallo", sender="mallory@example.org", to=f"service+{forged}@chargecars.example"))
    sender.work()
    assert len(sender.threads()) == 2


def test_an_answer_to_our_signed_message_id_finds_its_thread(sender: Sender, db_session: Session) -> None:
    sender.post(mail(1))
    sender.work()
    number = db_session.execute(sa.select(Thread.number)).scalar_one()
    ours = make_message_id(number, new_id(), key=runtime().mail_keys[0], domain="mail.example")
    sender.post(mail(2, "Re: iets", In_Reply_To=f"<{ours}>"))
    sender.work()
    assert len(sender.threads()) == 1


def test_a_subject_token_counts_only_from_somebody_who_takes_part(sender: Sender, db_session: Session) -> None:
    sender.post(mail(1))
    sender.work()
    number = db_session.execute(sa.select(Thread.number)).scalar_one()
    sender.post(mail(2, f"Vraag [#{number}]"))
    sender.post(mail(3, f"Vraag [#{number}]", sender="mallory@example.org"))
    sender.work()
    assert sender.threads() == {frozenset({"m1@example.nl", "m2@example.nl"}), frozenset({"m3@example.nl"})}


def test_an_out_of_office_is_kept_in_its_thread_and_does_not_reopen_it(sender: Sender, db_session: Session) -> None:
    sender.post(mail(1))
    sender.work()
    db_session.execute(sa.update(Thread).values(status="resolved", resolved_at=sa.func.now()))
    db_session.commit()
    sender.post(mail(2, "Automatisch antwoord: Offerte", refs=(1,), Auto_Submitted="auto-replied"))
    sender.work()
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.status, thread.message_count) == (ThreadStatus.RESOLVED, 2)
    assert db_session.execute(sa.select(Message.automatic).where(Message.seq == 2)).scalar_one() == "auto_reply"


def test_two_mails_with_one_message_id_and_other_content_are_both_kept(sender: Sender, db_session: Session) -> None:
    other = mail(1, "Heel iets anders")
    other.set_content("Andere inhoud")
    sender.post(mail(1))
    sender.post(other)
    sender.work()
    assert db_session.execute(sa.select(sa.func.count()).select_from(Message)).scalar_one() == 2


def test_a_wrong_key_is_answered_200_and_kept_in_quarantine(sender: Sender, db_session: Session) -> None:
    assert sender.post(mail(1), key="guess") == 200
    event = db_session.execute(sa.select(InboundEvent)).scalar_one()
    assert event.state == "quarantined"
    assert b"Bericht 1" in event.body


def test_the_raw_source_is_kept_byte_for_byte(sender: Sender, db_session: Session) -> None:
    raw = mail(1).as_bytes()
    sender.post(raw)
    sender.work()
    key = db_session.execute(sa.select(Message.raw_key)).scalar_one()
    assert key is not None
    with runtime().storage.open(key) as file:
        assert file.read() == raw
