"""A mail with another subject in the same thread: said at that mail, answered under it; and mails to a thread that was split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.contract.base import Direction, Identity, IdentityKind, InboundMessage, MailEvidence, Party
from app.core.runtime import runtime
from app.domain.connections.models import ChannelType
from app.domain.delivery.actions import _next_subject, _reply_subject
from app.domain.events.actions import SYSTEM
from app.domain.ingest.threading import MailContext, match_mail, mid_key, were_parted
from app.domain.threads.models import Message, MessageKey, Thread
from app.domain.threads.split import split_thread
from app.mail.addressing import make_plus_token
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import sign_in

SUBJECTS = ("Laadpaal stuk", "Re: Laadpaal stuk", "Antw: Factuur klopt niet", "RE: factuur klopt niet")
KEYS = (b"k" * 32,)


@pytest.fixture
def thread(app: Flask, db_session: Session, page_client: PageClient) -> Thread:
    brand = make_brand(db_session)
    with app.app_context():
        channel = make_channel(db_session, brand, ChannelType.EMAIL, keyring=runtime().keyring, address="service@cc.example")
    contact = make_contact(db_session, kind="email", value="pieter@example.nl")
    made = make_thread(db_session, channel, contact, subject=SUBJECTS[0])
    for n, subject in enumerate(SUBJECTS):
        values = {"external_id": f"<{n}@example.nl>", "content_hash": str(n)}
        message = make_message(db_session, made, f"Mail {n}", at=NOW + timedelta(minutes=n), **values)
        message.subject = subject
        db_session.add(MessageKey(brand_id=brand.id, value=mid_key(f"<{n}@example.nl>"), message_id=message.id, role="own"))
    db_session.flush()
    sign_in(page_client.plain, db_session, make_user(db_session, brands=(brand,)))
    return made


def mails(session: Session, thread: Thread) -> Sequence[Message]:
    return session.execute(sa.select(Message).where(Message.thread_id == thread.id).order_by(Message.seq)).scalars().all()


def test_the_timeline_says_where_the_subject_changed_and_offers_to_split(
    thread: Thread, db_session: Session, page_client: PageClient
) -> None:
    third = mails(db_session, thread)[2]
    shown = page_client.get(f"/threads/{thread.id}").text
    assert shown.count("Subject changed to") == 1
    assert "“Factuur klopt niet”" in shown
    assert f'id="item-subject-{third.id}"' in shown


def test_a_reply_has_the_latest_subject(thread: Thread, db_session: Session) -> None:
    assert _next_subject(db_session, thread) == "Re: factuur klopt niet"
    assert _reply_subject("Antw: Re: Offerte") == "Re: Offerte"


def test_a_late_mail_to_the_old_address_finds_the_message_s_present_thread(thread: Thread, db_session: Session) -> None:
    third = mails(db_session, thread)[2]
    new = split_thread(
        db_session, thread_id=thread.id, from_message_id=third.id, subject="Factuur", now=NOW + timedelta(hours=1), actor=SYSTEM
    )
    token = make_plus_token(thread.number, key=KEYS[0], today=NOW.date())
    evidence = MailEvidence(message_id="<late@example.nl>", in_reply_to=("<3@example.nl>",), plus_tokens=(token,))
    pieter = Party((Identity(IdentityKind.EMAIL, "pieter@example.nl"),))
    mail = InboundMessage(
        external_id="<late@example.nl>",
        content_hash="late",
        direction=Direction.INCOMING,
        sender=pieter,
        occurred_at=NOW,
        evidence=evidence,
    )
    context = MailContext(brand_id=thread.brand_id, mailbox="service@cc.example", keys=KEYS, now=NOW)
    assert match_mail(db_session, mail, context).thread_id == new.id
    earlier = replace(mail, evidence=replace(evidence, in_reply_to=("<1@example.nl>",)))
    assert match_mail(db_session, earlier, context).thread_id == thread.id
    assert were_parted(db_session, thread.id, new.id)  # a mail that names both does not make them one again
