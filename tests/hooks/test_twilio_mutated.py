"""Mutated, correctly signed bodies on each of the provider's routes: always an answer, nothing lost, no failure of ours.

`make fuzz` sends 10,000 to each route, `make test` a tenth of them.

A tenth of them go all the way through the worker's job; the rest end at the door, which is where they are acknowledged.
"""

from __future__ import annotations

import os
import random
import resource
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.ingest.models import InboundEvent
from tests.domain.ingest.twilio_posts import DESK, JAN, OURS, TOKEN, Provider
from tests.factories import make_brand, make_channel
from tests.support.full import amount

BODIES = int(os.environ.get("MUTATED_BODIES", amount(200, full=1000)))
WORKED_EVERY = 10
SEEDS: dict[str, list[dict[str, str]]] = {
    "/webhooks/sms": [
        {"MessageSid": "SM1", "From": JAN, "To": OURS, "Body": "Hallo é 😀", "NumMedia": "0", "NumSegments": "1"},
        {
            "MessageSid": "MM1", "SmsSid": "MM1", "From": JAN, "To": OURS, "Body": "STOP", "NumMedia": "1", "OptOutType": "STOP",
            "MediaUrl0": "https://api.twilio.com/x", "MediaContentType0": "image/jpeg", "FromCountry": "NL", "AccountSid": "AC1",
        },
    ],
    "/webhooks/sms/status": [
        {"MessageSid": "SM1", "MessageStatus": "delivered", "From": OURS, "To": JAN, "RawDlrDoneDate": "2611201030"},
        {"SmsSid": "SM2", "SmsStatus": "undelivered", "From": OURS, "To": JAN, "ErrorCode": "30007", "ErrorMessage": "Spam"},
    ],
    "/webhooks/voice": [
        {
            "CallSid": "CA1", "CallStatus": "completed", "SequenceNumber": "2", "Direction": "inbound", "From": JAN, "To": DESK,
            "CallDuration": "90", "Timestamp": "Fri, 20 Nov 2026 09:30:00 +0000", "RecordingSid": "RE1",
            "RecordingDuration": "80",
        },
        {
            "CallSid": "CA2", "ParentCallSid": "CA1", "CallStatus": "no-answer", "SequenceNumber": "1", "From": JAN,
            "To": "+31207654321", "Direction": "outbound-dial", "DialCallStatus": "busy", "DialCallSid": "CA3",
        },
    ],
}  # fmt: skip
NASTY = (
    b"", b"\x00", b"%00", b"%", b"%zz", b"%ff%fe", b"\xff", b"%ed%a0%80", b"+", b"&", b"=", b"{", b"[", b"9" * 40, b"-1",
    b"1e999", b"NaN", b"%F0%9F%98%80", b"a" * 5000, b"'; DROP TABLE messages;--", b"<script>", b"\r\n", b"client:alice",
    b"anonymous", b"%2B",
)  # fmt: skip


def mutated(seed: dict[str, str], dice: random.Random) -> bytes:
    """One to four changes of the fields or of the bytes."""
    fields = [(name.encode(), urlencode({"": value})[1:].encode()) for name, value in seed.items()]
    for _ in range(dice.randint(1, 4)):
        change, place = dice.randrange(6), dice.randrange(len(fields)) if fields else 0
        if change == 0 and fields:
            del fields[place]
        elif change == 1 and fields:
            fields[place] = (fields[place][0], dice.choice(NASTY))
        elif change == 2 and fields:
            fields[place] = (dice.choice(NASTY) or b"x", fields[place][1])
        elif change == 3 and fields:
            fields.insert(place, fields[dice.randrange(len(fields))])
        elif change == 4:
            fields.append((b"New" + str(dice.randrange(9)).encode(), dice.choice(NASTY)))
        elif fields:
            fields[place] = (fields[place][0], fields[dice.randrange(len(fields))][1])
    body = bytearray(b"&".join(name + b"=" + value for name, value in fields))
    if body and dice.random() < 0.4:
        for _ in range(dice.randint(1, 3)):
            body[dice.randrange(len(body))] = dice.randrange(256)
    return bytes(body)


@pytest.fixture
def provider(client: FlaskClient, db_session: Session, app_context: Flask) -> Iterator[Provider]:
    brand, keyring, secrets = make_brand(db_session), runtime().keyring, {"signing_secret": TOKEN}
    make_channel(db_session, brand, ChannelType.SMS, keyring=keyring, address=OURS, secrets=secrets)
    make_channel(db_session, brand, ChannelType.PHONE_CALL, keyring=keyring, address=DESK, secrets=secrets)
    db_session.commit()
    found = Provider(client, db_session)
    for path in SEEDS:
        found.post(path, b"")  # the door reads its channels now, and then keeps them
    app_context.config["DOOR_CACHE_SECONDS"] = 3600
    yield found
    app_context.config["DOOR_CACHE_SECONDS"] = 0


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("path", SEEDS)
def test_every_mutated_signed_body_is_stored_once_and_answered(provider: Provider, db_session: Session, path: str) -> None:
    dice, distinct = random.Random(path), set()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(BODIES):
        body = mutated(dice.choice(SEEDS[path]), dice)
        answer = provider.post(path, body)
        assert answer.status_code == 200, body
        distinct.add(body)
        if number % (BODIES // WORKED_EVERY or 1) == 0:
            db_session.expunge_all()
    stored = {bytes(row) for row in db_session.execute(sa.select(InboundEvent.body)).scalars()}
    lost = {canonical(body) for body in distinct} - {canonical(body) for body in stored}
    assert lost == set()
    _work_some(provider, db_session)
    states = provider.states()
    assert set(states) <= {"done", "quarantined"}
    internal = sa.select(InboundEvent.reason).where(InboundEvent.reason.op("~")(r"^[A-Z][A-Za-z]+(Error|Exception)"))
    assert db_session.execute(internal).scalars().all() == []
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000, f"{grown} kB more memory"


def canonical(body: bytes) -> str:
    """What counts as the same post: the same fields in any order."""
    from app.providers.twilio.form import fingerprint

    return fingerprint(body)


def _work_some(provider: Provider, session: Session) -> None:
    """Process every tenth stored event; the others are taken as done."""
    waiting = (
        session.execute(sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)).scalars().all()
    )
    passed = [event_id for place, event_id in enumerate(waiting) if place % WORKED_EVERY]
    session.execute(sa.update(InboundEvent).where(InboundEvent.id.in_(passed)).values(state="done"))
    session.commit()
    provider.work()


def test_the_house_notices_a_lost_body(provider: Provider, db_session: Session) -> None:
    """The comparison above would see it: a body that is not stored is missing from the stored ones."""
    provider.post("/webhooks/sms", b"MessageSid=SM1&Body=a&To=%2B3197010200777&From=x")
    stored = {canonical(bytes(row)) for row in db_session.execute(sa.select(InboundEvent.body)).scalars()}
    assert canonical(b"Body=a&MessageSid=SM1&From=x&To=%2B3197010200777") in stored
    assert canonical(b"Body=b&MessageSid=SM1&From=x&To=%2B3197010200777") not in stored
