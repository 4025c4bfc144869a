"""The door of the inbound-mail route: who has no right key costs little, and large mails come in without much memory at once."""

from __future__ import annotations

import io
from contextlib import ExitStack
from datetime import timedelta
from typing import IO, Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.contract.base import UnableToParse
from app.core.clock import utc_now
from app.domain.connections.models import Channel
from app.domain.events.actions import SYSTEM
from app.domain.ingest.actions import replay_event
from app.domain.ingest.intake import RawEvent, store_event
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent, IntakeCount
from app.domain.ingest.spool import LARGE_AT_ONCE, LARGE_BYTES, TooManyLarge, place_for
from app.hooks.webhook_checks import UNKEYED_A_DAY, UNKEYED_BYTES
from app.mail.intake import _CHUNK, read_inbound_parse
from app.process.background.prune import prune
from tests.domain.ingest.test_mail_intake import KEY, Sender, channel, mail, sender  # noqa: F401 fixtures
from tests.support.disks import broken_folder

MEGABYTE = 1024 * 1024


class Rubbish(io.RawIOBase):
    """A long body that is nowhere in memory; `asked` is the most that was asked for at once."""

    def __init__(self, size: int) -> None:
        self.left, self.asked = size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.asked = max(self.asked, len(buffer))
        came = min(len(buffer), self.left)
        buffer[:came] = b"x" * came
        self.left -= came
        return came


def post_rubbish(client: FlaskClient, body: Rubbish, path: str = "/webhooks/email/inbound") -> int:
    environ: dict[str, Any] = {"CONTENT_LENGTH": str(body.left), "CONTENT_TYPE": "message/rfc822", "wsgi.input": body}
    return client.post(path, environ_overrides=environ).status_code


def kept(session: Session) -> list[InboundEvent]:
    session.expire_all()
    return list(session.execute(sa.select(InboundEvent).order_by(InboundEvent.id)).scalars())


@pytest.mark.parametrize("path", ["", "?key=guess", "/guess"])
def test_of_a_post_without_the_right_key_the_beginning_is_kept(sender: Sender, db_session: Session, path: str) -> None:  # noqa: F811
    body = Rubbish(30 * MEGABYTE)
    assert post_rubbish(sender.client, body, f"/webhooks/email/inbound{path}") == 200
    (event,) = kept(db_session)
    assert (event.state, len(event.body), event.meta["size_bytes"]) == ("quarantined", UNKEYED_BYTES, 30 * MEGABYTE)
    assert (body.left, body.asked <= UNKEYED_BYTES) == (0, True), "it is read to its end, and never much of it at once"


def test_only_so_many_of_a_day_are_kept_and_the_rest_is_counted(sender: Sender, db_session: Session) -> None:  # noqa: F811
    so_far = {"day": utc_now().date(), "source": "email_inbound", "reason": "wrong_key", "count": UNKEYED_A_DAY - 1}
    db_session.add(IntakeCount(**so_far))
    db_session.commit()
    assert [sender.post(f"Subject: {n}\r\n\r\nx".encode(), key="guess") for n in range(4)] == [200] * 4
    assert len(kept(db_session)) == 1
    assert db_session.execute(sa.select(IntakeCount.count)).scalar_one() == UNKEYED_A_DAY + 3


def test_a_small_mail_with_a_wrong_key_can_be_processed_when_somebody_knows_its_channel(
    sender: Sender,  # noqa: F811
    db_session: Session,
    channel: Channel,  # noqa: F811
) -> None:
    sender.post(mail(1), key="guess")
    (event,) = kept(db_session)
    replay_event(db_session, event.id, channel_id=channel.id, now=utc_now(), actor=SYSTEM)
    db_session.commit()
    process_inbound_event(row_id=str(event.id))
    assert sender.threads() == {frozenset({"m1@example.nl"})}


def test_of_the_beginning_of_a_mail_no_message_is_made(
    sender: Sender,  # noqa: F811
    db_session: Session,
    channel: Channel,  # noqa: F811
) -> None:
    post_rubbish(sender.client, Rubbish(MEGABYTE))
    (event,) = kept(db_session)
    replay_event(db_session, event.id, channel_id=channel.id, now=utc_now(), actor=SYSTEM)
    db_session.commit()
    process_inbound_event(row_id=str(event.id))
    db_session.refresh(event)
    assert event.state == "quarantined"
    assert (event.reason or "").startswith("the key in the URL was missing or wrong, so we stored only the start of this email")
    assert sender.threads() == set()


@pytest.mark.parametrize(("age", "left"), [(timedelta(days=8), 1), (timedelta(days=6), 3)])
def test_what_came_without_a_key_goes_after_a_week_and_nothing_else(
    sender: Sender,  # noqa: F811
    db_session: Session,
    age: timedelta,
    left: int,
) -> None:
    sender.post(mail(1), key="guess")
    earlier = RawEvent("email_inbound", "1", b"x", quarantine_reason="the key in the address is missing or wrong")
    store_event(db_session, earlier)
    sender.client.post(f"/webhooks/email/inbound?key={KEY}", data=b"no form", content_type="multipart/form-data; boundary=x")
    db_session.execute(sa.update(InboundEvent).values(received_at=utc_now() - age))
    db_session.commit()
    prune()
    assert len(kept(db_session)) == left


def test_a_large_mail_with_its_key_is_kept_whole(sender: Sender, db_session: Session) -> None:  # noqa: F811
    large = mail(1)
    large.add_attachment(bytes(3 * MEGABYTE), maintype="application", subtype="pdf", filename="offerte.pdf")
    for _time in range(2):
        assert sender.post(large) == 200
    (event,) = kept(db_session)
    assert event.body == large.as_bytes()
    sender.work()
    assert sender.threads() == {frozenset({"m1@example.nl"})}


def test_without_room_for_a_large_mail_its_sender_is_to_come_again(app: Flask, sender: Sender) -> None:  # noqa: F811
    large = b"Subject: x\r\n\r\n" + bytes(2 * MEGABYTE)
    with broken_folder(app.config["SETTINGS"].data_dir):
        answer = sender.client.post(f"/webhooks/email/inbound?key={KEY}", data=large, content_type="message/rfc822")
    assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
    assert sender.post(large) == 200


def test_a_large_body_without_a_place_is_turned_away_for_now_and_a_small_one_needs_none() -> None:
    with ExitStack() as taken:
        for _place in range(LARGE_AT_ONCE):
            taken.enter_context(place_for(LARGE_BYTES + 1, wait_seconds=0))
        with pytest.raises(TooManyLarge), place_for(LARGE_BYTES + 1, wait_seconds=0):
            pass
        with place_for(LARGE_BYTES, wait_seconds=0):
            pass
    with place_for(LARGE_BYTES + 1, wait_seconds=0):
        pass


@pytest.mark.parametrize("offset", range(-12, 13))
def test_a_form_that_is_read_in_pieces_says_the_same_wherever_it_is_cut(offset: int) -> None:
    content = b"Subject: x\r\n\r\n" + b"y" * (_CHUNK - 60 + offset)
    form = b'--edge\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + content + b"\r\n--edge--\r\n"
    source: IO[bytes] = io.BytesIO(form)
    assert read_inbound_parse(source, "multipart/form-data; boundary=edge").raw == content  # type: ignore[arg-type]


def test_a_form_that_breaks_off_is_no_mail() -> None:
    form = b'--edge\r\nContent-Disposition: form-data; name="email"\r\n\r\n' + b"y" * (_CHUNK * 2)
    with pytest.raises(UnableToParse):
        read_inbound_parse(io.BytesIO(form), "multipart/form-data; boundary=edge")
