"""Mutated, correctly signed bodies on the routes of WhatsApp, SendGrid, mail and Outlook's hints: always an answer, nothing lost,
no failure of ours. `make fuzz` sends 10,000 to each route, `make test` some. A tenth go all the way through the worker's job."""

from __future__ import annotations

import json
import os
import random
import resource
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.contract.base import UnableToParse, WebhookReceiver
from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.notifications import client_state
from app.mail.intake import read_inbound_parse
from app.providers.sendgrid import KEY as EMAIL_SENDGRID
from app.providers.whatsapp_cloud import KEY as WHATSAPP
from app.providers.whatsapp_cloud.webhook import sign
from app.sandbox.simulators.sendgrid.store import Account
from tests.factories import make_brand, make_channel
from tests.providers.whatsapp_cloud.payload_files import NAMES, body_of
from tests.sandbox.simulators.whatsapp_world import NUMBER_ID, WABA_ID
from tests.support.full import amount
from tests.support.mutations import mutated, scrambled

BODIES = int(os.environ.get("MUTATED_BODIES", amount(50, full=150)))
ALL_THE_WAY = 10  # one in so many
MOST_GROWTH_KB = 150_000
SECRET, MAIL_KEY = "app-secret", "0123456789abcdef0123456789abcdef"
BOUNDARY = "xYzZY"
CORPUS = Path(__file__).parents[1] / "mail" / "corpus"
REPORTS = [
    {"email": "jan@example.nl", "timestamp": 1795234570, "event": "delivered", "sg_event_id": "e1", "sg_message_id": "m1.f1"},
    {
        "email": "jan@example.nl",
        "timestamp": 1795234571,
        "event": "bounce",
        "sg_event_id": "e2",
        "reason": "550 no",
        "type": "bounce",
    },
    {
        "email": "jan@example.nl",
        "timestamp": 1795234572,
        "event": "open",
        "sg_event_id": "e3",
        "useragent": "x",
        "url": "https://a",
    },
    {"email": "jan@example.nl", "timestamp": 1795234573, "event": "unsubscribe", "sg_event_id": "e4", "asm_group_id": 3},
]


@dataclass
class Doors:
    """The routes, with a channel of each kind behind them."""

    client: FlaskClient
    session: Session
    provider: Account
    mailbox_id: uuid.UUID

    def post(self, path: str, body: bytes, **headers: str) -> int:
        return self.client.post(path, data=body, headers=headers).status_code

    def chat(self, body: bytes) -> int:
        return self.post("/webhooks/whatsapp", body, **{"X-Hub-Signature-256": sign(SECRET, body)})

    def reports(self, body: bytes) -> int:
        prefix = "X-Twilio-Email-Event-Webhook"
        signed = {f"{prefix}-Signature": self.provider.sign("1795234570", body), f"{prefix}-Timestamp": "1795234570"}
        return self.post("/webhooks/sendgrid/events", body, **signed)

    def mail(self, body: bytes, content_type: str) -> int:
        return self.post(f"/webhooks/email/inbound?key={MAIL_KEY}", body, **{"Content-Type": content_type})

    def stored(self) -> list[bytes]:
        return [bytes(body) for body in self.session.execute(sa.select(InboundEvent.body)).scalars()]

    def work(self) -> None:
        """One in ten; the others are taken as done."""
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for place, row_id in enumerate(self.session.execute(ready).scalars().all()):
            if place % ALL_THE_WAY == 0:
                process_inbound_event(row_id=str(row_id))
                self.session.expunge_all()
        passed = sa.update(InboundEvent).where(InboundEvent.state == "ready").values(state="done")
        self.session.execute(passed.execution_options(synchronize_session=False))

    def assert_no_failure_of_ours(self) -> None:
        states = set(self.session.execute(sa.select(InboundEvent.state).distinct()).scalars())
        internal = sa.select(InboundEvent.reason).where(InboundEvent.reason.op("~")(r"^[A-Z][A-Za-z]+(Error|Exception)"))
        assert states <= {"done", "quarantined"}
        assert self.session.execute(internal).scalars().all() == []


@pytest.fixture
def doors(client: FlaskClient, db_session: Session, app_context: Flask) -> Iterator[Doors]:
    brand, provider = make_brand(db_session), Account(utc_now)
    connect = partial(make_channel, db_session, brand, keyring=runtime().keyring)
    connect(ChannelType.WHATSAPP_BUSINESS, address=NUMBER_ID, secrets={"signing_secret": SECRET}, settings={"waba_id": WABA_ID})
    keys = {"api_key": "SG.x", "signing_secret": provider.public_key(), "url_key": MAIL_KEY}
    connect(ChannelType.EMAIL, address="orders@example.nl", secrets=keys, settings={"transport": "sendgrid"})
    mailbox = connect(ChannelType.EMAIL_OUTLOOK, address="service@example.nl")
    db_session.commit()
    found = Doors(client, db_session, provider, mailbox.id)
    found.chat(b"")  # the doors read their channels now, and then keep them
    found.reports(b"[]")
    app_context.config["DOOR_CACHE_SECONDS"] = 3600
    yield found
    app_context.config["DOOR_CACHE_SECONDS"] = 0


def posted(make: Callable[[], bytes], post: Callable[[bytes], int]) -> set[bytes]:
    """Post as many bodies as are asked for; each is answered with 200, and memory stays as it was."""
    before, bodies = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, set()
    for _ in range(BODIES):
        body = make()
        assert post(body) == 200, body
        bodies.add(body)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MOST_GROWTH_KB
    return bodies


def names_of(receiver: WebhookReceiver, bodies: set[bytes] | list[bytes]) -> set[str | bytes]:
    """What makes each post itself: its items where they can be read, else its bytes."""
    return {_name(receiver, body) for body in bodies}


def _name(receiver: WebhookReceiver, body: bytes) -> str | bytes:
    try:
        return receiver.dedupe_key(body)
    except UnableToParse:
        return body


@pytest.mark.timeout(1800)
def test_every_mutated_chat_post_is_stored_once_and_answered(doors: Doors) -> None:
    dice, receiver = random.Random(11), runtime().adapters.senders[WHATSAPP]
    bodies = posted(lambda: mutated(body_of(dice.choice(NAMES)), dice), doors.chat)
    assert names_of(receiver, bodies) <= names_of(receiver, doors.stored())
    never = b'{"never": "posted"}'
    assert names_of(receiver, [*bodies, never]) - names_of(receiver, doors.stored()) == {receiver.dedupe_key(never)}
    doors.work()
    doors.assert_no_failure_of_ours()


@pytest.mark.timeout(1800)
def test_every_mutated_report_is_stored_once_and_answered(doors: Doors) -> None:
    dice, receiver = random.Random(12), runtime().adapters.senders[EMAIL_SENDGRID]
    bodies = posted(lambda: mutated(json.dumps(REPORTS).encode(), dice), doors.reports)
    assert names_of(receiver, bodies) <= names_of(receiver, doors.stored())
    doors.work()
    doors.assert_no_failure_of_ours()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("content_type", ["message/rfc822", f"multipart/form-data; boundary={BOUNDARY}"])
def test_every_mutated_mail_is_stored_once_and_answered(doors: Doors, content_type: str) -> None:
    """A mail that cannot be cut out of its form is kept as it was posted."""
    dice, mails = random.Random(13), sorted(path for path in CORPUS.glob("*.eml") if path.stat().st_size < 100_000)
    whole = content_type == "message/rfc822"

    def make() -> bytes:
        mail = dice.choice(mails).read_bytes()
        return scrambled(mail if whole else form_of(mail), dice)

    bodies = posted(make, lambda body: doors.mail(body, content_type))
    assert {cut_out(body, content_type) for body in bodies} <= set(doors.stored())
    doors.work()
    doors.assert_no_failure_of_ours()


def form_of(mail: bytes) -> bytes:
    """As an inbound-parse service posts it."""
    envelope = json.dumps({"to": ["orders@example.nl"], "from": "jan@example.nl"}).encode()
    fields = {b"email": mail, b"envelope": envelope, b"SPF": b"pass", b"charsets": b'{"to":"UTF-8"}', b"spam_score": b"0.1"}
    name = b'Content-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
    parts = [b"--" + BOUNDARY.encode() + b"\r\n" + name % pair for pair in fields.items()]
    return b"".join(parts) + b"--" + BOUNDARY.encode() + b"--\r\n"


def cut_out(body: bytes, content_type: str) -> bytes:
    try:
        return read_inbound_parse(body, content_type).raw
    except UnableToParse:
        return body


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", ["/webhooks/outlook", "/webhooks/outlook/lifecycle"])
def test_every_mutated_hint_is_answered(doors: Doors, path: str) -> None:
    """A hint is no message: the mailbox is read by the clock as well, so nothing is stored and nothing can be lost."""
    told = {"changeType": "created", "lifecycleEvent": "missed", "subscriptionId": "s1", "resource": "Users/1/Messages/2"}
    hint = json.dumps({"value": [{**told, "clientState": client_state(doors.mailbox_id), "resourceData": {"id": "2"}}]}).encode()
    dice, before = random.Random(path), len(doors.stored())
    assert {doors.post(path, mutated(hint, dice), **{"Content-Type": "application/json"}) for _ in range(BODIES)} == {202}
    assert len(doors.stored()) == before
