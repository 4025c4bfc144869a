"""A text from its webhook to the thread, its receipts to the bubble, and STOP to every send after it."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app.contract.base import ChannelRules
from app.contract.opt_out_words import read_consent
from app.contract.receive import Consent
from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.connections.gate import Gate
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.contacts.opt_outs import OptOut
from app.domain.delivery.actions import Reply, ReplyContext, UnableToReply, queue_reply
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery, DeliveryReport
from app.domain.delivery.recipient import OptedOut
from app.domain.events.actions import Actor
from app.domain.events.models import Event
from app.domain.ingest.actions import replay_quarantined
from app.domain.ingest.models import InboundEvent, IntakeCount
from app.domain.threads.models import Attachment, Message, Thread
from app.providers.twilio import SMS_RULES
from tests.domain.ingest.twilio_posts import JAN, OURS, TOKEN, Provider
from tests.factories import make_brand, make_channel, make_user


@pytest.fixture
def channel(app_context: Flask, db_session: Session) -> Channel:
    brand = make_brand(db_session)
    channel = make_channel(
        db_session,
        brand,
        ChannelType.SMS,
        keyring=runtime().keyring,
        address=OURS,
        settings={"account_sid": "AC1"},
        secrets={"signing_secret": TOKEN, "previous_signing_secret": "the one before"},
    )
    db_session.commit()
    return channel


@pytest.fixture
def provider(client: FlaskClient, db_session: Session, channel: Channel) -> Provider:
    return Provider(client, db_session)


def count(session: Session, table: Any) -> int:
    return session.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()


def test_a_text_becomes_a_thread_with_its_contact_and_is_answered_with_nothing(provider: Provider, db_session: Session) -> None:
    answer = provider.says("Hij knippert rood")
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    assert answer.text.endswith("<Response/>")
    assert provider.states() == {"ready": 1}
    provider.work()
    thread = db_session.execute(sa.select(Thread)).scalar_one()
    assert (thread.preview, thread.medium, thread.message_count) == ("Hij knippert rood", "sms", 1)
    identity = db_session.execute(sa.select(ContactIdentity)).scalar_one()
    assert (identity.kind, identity.value, identity.contact_id) == ("phone", JAN, thread.contact_id)


def test_a_repeat_is_stored_once_and_texts_go_on_in_one_thread(provider: Provider, db_session: Session) -> None:
    for _ in range(3):
        assert provider.says("een").status_code == 200
    provider.says("twee", sid="SM2")
    provider.work()
    assert list(db_session.execute(sa.select(Message.text).order_by(Message.seq)).scalars()) == ["een", "twee"]
    assert count(db_session, Thread) == 1


def test_another_text_under_a_known_id_is_kept_too(provider: Provider, db_session: Session) -> None:
    provider.says("een")
    provider.says("iets anders")
    provider.work()
    assert count(db_session, Message) == 2


def test_processing_an_event_again_changes_nothing(provider: Provider, db_session: Session) -> None:
    provider.says("STOP")
    provider.work()
    db_session.execute(sa.update(InboundEvent).values(state="ready"))
    db_session.commit()
    provider.work()
    assert (count(db_session, Message), count(db_session, OptOut)) == (1, 1)


def test_a_wrong_signature_stores_nothing_but_a_count(provider: Provider, db_session: Session) -> None:
    body = b"MessageSid=SM1&From=%2B31612345678&To=%2B3197010200777&Body=hoi"
    answer = provider.post("/webhooks/sms", body, token="somebody else's")
    assert (answer.status_code, answer.data) == (401, b"")
    assert count(db_session, InboundEvent) == 0
    assert db_session.execute(sa.select(IntakeCount.source, IntakeCount.count)).one() == ("sms", 1)


def test_the_token_before_the_change_still_signs(provider: Provider) -> None:
    body = b"MessageSid=SM1&From=%2B31612345678&To=%2B3197010200777&Body=hoi"
    assert provider.post("/webhooks/sms", body, token="the one before").status_code == 200


def test_the_signature_is_over_the_public_address_whatever_the_host_header_says(provider: Provider) -> None:
    body = b"MessageSid=SM1&From=%2B31612345678&To=%2B3197010200777&Body=hoi"
    assert provider.post("/webhooks/sms", body, Host="internal.example:8080").status_code == 200
    assert (
        provider.post("/webhooks/sms", body, base="http://internal.example:8080", Host="internal.example:8080").status_code == 401
    )


@pytest.mark.parametrize("path", ["/webhooks/sms?x=%7e%2F%C3%A9&y=a+b", "/api/v1/webhooks/sms"])
def test_the_address_is_signed_as_it_was_called_byte_for_byte(provider: Provider, path: str) -> None:
    assert provider.post(path, b"MessageSid=SM1&From=%2B31612345678&To=%2B3197010200777&Body=hoi").status_code == 200


def test_a_text_for_a_number_we_do_not_have_waits_for_its_channel(
    provider: Provider, db_session: Session, channel: Channel
) -> None:
    assert provider.says("hoi", To="+31970999").status_code == 200
    assert provider.states() == {"quarantined": 1}
    channel.address = "+31970999"
    db_session.commit()
    replay_quarantined(db_session, now=utc_now())
    db_session.commit()
    provider.work()
    assert provider.states() == {"done": 1}
    assert count(db_session, Message) == 1


@pytest.mark.parametrize("body", [b"", b"Body=hoi", b"MessageSid=", b"%", b"&&&=", b"\xff\xfe=\x00", b"MessageSid=SM1"])
def test_a_signed_post_that_cannot_be_understood_is_kept_in_quarantine(provider: Provider, body: bytes) -> None:
    assert provider.post("/webhooks/sms", body).status_code == 200
    assert provider.states() == {"quarantined": 1}


@pytest.mark.parametrize("sender", ["anonymous", "POSTNL", "1234", "", "client:alice", "+266696687"])
def test_a_sender_without_a_number_is_no_contact(provider: Provider, db_session: Session, sender: str) -> None:
    provider.says("Uw pakket komt eraan", sender=sender)
    provider.work()
    assert count(db_session, Contact) == 0
    assert db_session.execute(sa.select(Thread.contact_id)).scalar_one() is None


def test_pictures_are_announced_with_where_they_are(provider: Provider, db_session: Session) -> None:
    url = "https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    provider.says("", NumMedia="2", MediaUrl0=url, MediaContentType0="image/jpeg", MediaUrl1=url + "1", MediaContentType1="x/<y>")
    provider.work()
    files = db_session.execute(sa.select(Attachment).order_by(Attachment.position)).scalars().all()
    assert [(f.filename, f.content_type, f.state, f.provider["url"]) for f in files] == [
        ("mms-1.jpg", "image/jpeg", "pending", url),
        ("mms-2", "x/y", "pending", url + "1"),
    ]


def test_new_fields_and_spaces_are_taken_as_they_come(provider: Provider, db_session: Session) -> None:
    provider.says("  twee spaties  ", SomethingNew=" x ", Another="é")
    provider.work()
    assert db_session.execute(sa.select(Message.text)).scalar_one() == "  twee spaties  "


# --- receipts ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def thread(provider: Provider, db_session: Session) -> Thread:
    provider.says("Wanneer komt u?", sid="SM0")
    provider.work()
    return db_session.execute(sa.select(Thread)).scalar_one()


def reply(
    session: Session, thread: Thread, channel: Channel, text: str = "Om 10 uur", rules: ChannelRules = SMS_RULES, **more: Any
) -> Message:
    user = make_user(session, f"Alice {uuid.uuid4().hex[:6]}")
    context = ReplyContext(rules=rules, mail_keys=(b"k",), mail_domain="x.example", now=utc_now())
    asked = Reply(thread_id=thread.id, text=text, **more)
    sent = queue_reply(session, asked, channel=channel, author=Actor(user.id), author_name=user.name, context=context)
    session.commit()
    return sent[0]


def delivery_of(session: Session, message: Message) -> Delivery:
    return session.execute(sa.select(Delivery).where(Delivery.message_id == message.id)).scalar_one()


@pytest.mark.parametrize("order", [["sent", "delivered"], ["delivered", "sent"], ["queued", "delivered", "sent", "delivered"]])
def test_receipts_climb_the_ladder_in_any_order(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel, order: list[str]
) -> None:
    message = reply(db_session, thread, channel)
    delivery = delivery_of(db_session, message)
    for status in order:
        assert provider.reports(status, reference=str(delivery.id)).status_code == 200
    provider.work()
    db_session.refresh(message)
    assert message.delivery_status == "delivered"
    assert delivery_of(db_session, message).provider_message_id == "SM9"


def test_a_receipt_is_matched_by_the_providers_id_where_the_address_says_nothing(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel
) -> None:
    message = reply(db_session, thread, channel)
    delivery_of(db_session, message).provider_message_id = "SM9"
    db_session.commit()
    provider.reports("undelivered", ErrorCode="30007", From="", MessagingServiceSid="MG1")
    provider.work()
    db_session.refresh(message)
    assert message.delivery_status == "failed"
    assert message.delivery_reason is not None
    assert message.delivery_reason["code"] == "30007"
    assert message.delivery_reason["advice"]


def test_a_text_that_came_too_late_is_expired(provider: Provider, db_session: Session, thread: Thread, channel: Channel) -> None:
    message = reply(db_session, thread, channel)
    provider.reports("undelivered", reference=str(delivery_of(db_session, message).id), ErrorCode="30036")
    provider.work()
    db_session.refresh(message)
    assert message.delivery_status == "expired"


def test_a_status_nobody_knows_is_quarantined(provider: Provider, db_session: Session) -> None:
    provider.reports("teleported")
    provider.work()
    assert provider.states() == {"quarantined": 1}
    assert count(db_session, DeliveryReport) == 0


# --- STOP -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("text", "meaning"), [
    ("STOP", Consent.STOP), ("stop.", Consent.STOP), (" Stop! ", Consent.STOP), ("“stop”", Consent.STOP),
    ("AFMELDEN", Consent.STOP),
    ("Arrêt", Consent.STOP), ("arret", Consent.STOP), ("Désabonner", Consent.STOP), ("uitschrijven", Consent.STOP),
    ("START", Consent.START), ("aanmelden", Consent.START), ("Reprendre", Consent.START),
    ("help", Consent.HELP), ("Aide", Consent.HELP), ("hulp", Consent.HELP),
    ("Stop maar met bellen", None), ("niet stoppen", None), ("", None), ("ja", None), ("stop" * 50, None), ("🛑", None),
])  # fmt: skip
def test_words_that_stop_and_start(text: str, meaning: Consent | None) -> None:
    assert read_consent(text) == meaning


def test_stop_keeps_everything_from_going_out_and_start_lets_it_again(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel
) -> None:
    provider.says("STOP", sid="SM1")
    provider.work()
    with pytest.raises(OptedOut, match="sending START"):
        reply(db_session, thread, channel)
    asked = db_session.execute(sa.select(OptOut)).scalar_one()
    assert (asked.address, asked.medium, asked.said, asked.ended_at) == (JAN, "sms", "STOP", None)
    provider.says("start", sid="SM2")
    provider.work()
    reply(db_session, thread, channel)
    types = db_session.execute(sa.select(Event.type).where(Event.type.like("ContactOpted%")).order_by(Event.id)).scalars().all()
    assert types == ["ContactOptedOut", "ContactOptedIn"]


def test_what_the_provider_took_for_a_stop_is_one(provider: Provider, db_session: Session) -> None:
    provider.says("laat me met rust", OptOutType="STOP")
    provider.work()
    assert count(db_session, OptOut) == 1


def test_a_text_that_waits_does_not_leave_after_a_stop(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel
) -> None:
    message = reply(db_session, thread, channel)
    provider.says("STOP", sid="SM1")
    provider.work()
    gate = Gate(runtime().redis, channel.id, "sms")
    gate.note_failure(now=utc_now().timestamp() - 60, retry_after_seconds=None)
    deliver(row_id=str(delivery_of(db_session, message).id))
    db_session.expire_all()
    db_session.refresh(message)
    assert message.delivery_status == "failed"
    assert message.delivery_reason is not None
    assert message.delivery_reason["code"] == "opted_out"
    look = gate.look(now=utc_now().timestamp())
    assert look is not None
    assert look.failures == 1  # nobody was called: that says neither that the provider is there nor that it is not


def test_a_stop_holds_for_its_brand_and_number_alone(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel
) -> None:
    provider.says("STOP", sid="SM1", sender="+31687654321")
    provider.work()
    reply(db_session, thread, channel)
    other = make_brand(db_session, "ladepalen")
    again = make_channel(
        db_session, other, ChannelType.SMS, keyring=runtime().keyring, address="+31970888", secrets={"signing_secret": TOKEN}
    )
    db_session.commit()
    provider.says("STOP", sid="SM2")
    provider.work()
    provider.says("hallo", sid="SM3", To=again.address)
    provider.work()
    theirs = db_session.execute(sa.select(Thread).where(Thread.brand_id == other.id)).scalar_one()
    reply(db_session, theirs, again)
    with pytest.raises(OptedOut):
        reply(db_session, thread, channel)


def test_a_late_start_from_before_the_stop_takes_nothing_back(provider: Provider, db_session: Session, channel: Channel) -> None:
    provider.says("START", sid="SM1")
    provider.says("STOP", sid="SM2")
    db_session.execute(
        sa.update(InboundEvent)
        .where(InboundEvent.dedupe_key.like("SM1:%"))
        .values(run_at=sa.func.now() + timedelta(days=1), state="done")
    )
    db_session.commit()
    provider.work()
    db_session.execute(
        sa.update(InboundEvent)
        .where(InboundEvent.dedupe_key.like("SM1:%"))
        .values(state="ready", run_at=sa.func.now(), received_at=sa.func.now() - timedelta(hours=1))
    )
    db_session.commit()
    provider.work()
    assert db_session.execute(sa.select(OptOut.ended_at)).scalar_one() is None
    assert provider.states() == {"done": 2}


# --- sending ----------------------------------------------------------------------------------------------------------------


def test_the_answer_goes_to_the_number_they_wrote_from(
    provider: Provider, db_session: Session, thread: Thread, channel: Channel
) -> None:
    first = ContactIdentity(
        contact_id=thread.contact_id, kind="phone", value="+31699999999", is_primary=True, created_at=utc_now()
    )
    db_session.add(first)
    db_session.commit()
    message = reply(db_session, thread, channel)
    assert message.recipients["to"][0]["address"] == JAN


@pytest.mark.parametrize("more", [{"text": "a" * 1601}, {"text": "", "attachment_ids": (uuid.uuid4(),)}])
def test_what_a_text_cannot_carry_is_refused_with_the_field_it_is_in(
    db_session: Session, thread: Thread, channel: Channel, more: dict[str, Any]
) -> None:
    with pytest.raises(UnableToReply) as caught:
        reply(db_session, thread, channel, **more)
    assert caught.value.field in ("message_content", "attachments")


def test_a_thread_of_calls_cannot_be_answered_on_the_phone_line(db_session: Session, thread: Thread, channel: Channel) -> None:
    with pytest.raises(UnableToReply, match="has no address or number"):
        reply(db_session, thread, channel, rules=runtime().adapters.rules["phone_call"])
