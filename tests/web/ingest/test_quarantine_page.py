"""The page of what could not be processed: who sees what, what is shown, and that it can be processed again."""

from __future__ import annotations

import json
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.models import AuditEntry, Event, OutboxEntry
from app.domain.ingest.intake import RawEvent, count_refusal, store_event
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message
from tests.factories import make_brand, make_channel, make_user
from tests.support.pages import PageClient
from tests.support.queries import counted_queries
from tests.support.signing_in import post, sign_in

MAIL = b"From: Pieter <pieter@example.nl>\r\nTo: service@chargecars.example\r\nMessage-ID: <m1@example.nl>\r\n\r\nhallo"
CHAT = {
    "object": "whatsapp_business_account",
    "entry": [
        {
            "id": "200600000000001",
            "changes": [
                {
                    "field": "messages",
                    "value": {
                        "messaging_product": "whatsapp",
                        "metadata": {"display_phone_number": "31201234567", "phone_number_id": "106600000000009"},
                        "contacts": [{"profile": {"name": "Pieter"}, "wa_id": "31612345678"}],
                        "messages": [
                            {
                                "from": "31612345678",
                                "id": "wamid.A",
                                "timestamp": "1795253400",
                                "type": "text",
                                "text": {"body": "hoi"},
                            }
                        ],
                    },
                }
            ],
        }
    ],
}


@pytest.fixture
def brand(app: Flask, db_session: Session) -> Brand:
    return make_brand(db_session)


@pytest.fixture
def channel(app: Flask, db_session: Session, brand: Brand) -> Channel:
    with app.app_context():
        keyring = runtime().keyring
    address = "service@chargecars.example"
    return make_channel(db_session, brand, ChannelType.EMAIL, keyring=keyring, address=address, name="Archive")


@pytest.fixture
def leila(db_session: Session, brand: Brand, channel: Channel, page_client: PageClient) -> User:
    user = make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,))
    sign_in(page_client.plain, db_session, user)
    return user


def quarantine(session: Session, channel: Channel | None, body: bytes = MAIL, key: str = "1", **values: object) -> uuid.UUID:
    raw = RawEvent(
        source=str(values.get("source", "email_inbound")),
        dedupe_key=key,
        body=body,
        channel_id=channel.id if channel else None,
        headers={"Content-Type": "message/rfc822", "Authorization": "Bearer not-for-show"},
        quarantine_reason=str(values.get("reason", "a reason nobody foresaw")),
    )
    event_id = store_event(session, raw)
    session.commit()
    assert event_id is not None
    return event_id


def test_the_list_shows_reason_channel_and_time_and_leads_to_the_event(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    event_id = quarantine(db_session, channel)
    text = page_client.get("/settings/events").text
    assert "a reason nobody foresaw" in text
    assert "Archive" in text
    assert f"/settings/events/{event_id}" in text


def test_an_empty_quarantine_says_what_would_stand_there(page_client: PageClient, leila: User) -> None:
    assert "Nothing in quarantine" in page_client.get("/settings/events").text


def test_the_list_goes_on_over_pages_and_asks_few_queries(
    app: Flask, page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    for n in range(60):
        quarantine(db_session, channel, key=str(n), reason=f"reason number {n:02}.")
    with counted_queries(app) as queries:
        first = page_client.get("/settings/events").text
    assert len(queries) <= 10
    older = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
    second = page_client.get(older).text
    seen = (
        [f"{n:02}" for n in range(60) if f"reason number {n:02}." in first],
        [f"{n:02}" for n in range(60) if f"reason number {n:02}." in second],
    )
    assert sorted(seen[0] + seen[1]) == [f"{n:02}" for n in range(60)]
    assert page_client.get("/settings/events?cursor=made-up").status_code == 400


def test_a_body_is_shown_as_text_and_never_as_a_page(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    body = b"<script>alert(1)</script>\x00\xff</pre><img src=x onerror=alert(2)>"
    event_id = quarantine(db_session, channel, body)
    text = page_client.get(f"/settings/events/{event_id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<img src=x" not in text
    assert "not-for-show" not in text
    raw = page_client.get(f"/settings/events/{event_id}/body")
    assert raw.data == body
    assert raw.mimetype == "application/octet-stream"
    assert raw.headers["Content-Disposition"].startswith("attachment;")
    assert raw.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in raw.headers["Content-Security-Policy"]


def test_a_huge_body_is_shown_in_part(page_client: PageClient, leila: User, channel: Channel, db_session: Session) -> None:
    event_id = quarantine(db_session, channel, b"[" * 3_000_000)
    answer = page_client.get(f"/settings/events/{event_id}")
    assert len(answer.data) < 60_000
    assert "We show only the beginning" in answer.text


def test_json_of_any_depth_is_shown(page_client: PageClient, leila: User, channel: Channel, db_session: Session) -> None:
    event_id = quarantine(db_session, channel, b"[" * 9000 + b"]" * 9000)
    assert page_client.get(f"/settings/events/{event_id}").status_code == 200


def test_process_again_brings_the_mail_into_the_inbox(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    event_id = quarantine(db_session, channel)
    assert post(page_client.plain, f"/settings/events/{event_id}/replay").status_code == 303
    event = db_session.get_one(InboundEvent, event_id, populate_existing=True)
    assert (event.state, event.reason, event.attempts) == ("ready", None, 0)
    with page_client.plain.application.app_context():
        process_inbound_event(row_id=str(event_id))
    assert db_session.execute(sa.select(Message.text)).scalar_one().strip() == "hallo"
    assert "We processed everything in this event." in page_client.get(f"/settings/events/{event_id}").text
    audited = db_session.execute(sa.select(AuditEntry).where(AuditEntry.action == "InboundEventReplayed")).scalar_one()
    assert (audited.actor_user_id, audited.object_id) == (leila.id, str(event_id))


def test_processing_again_twice_is_harmless(page_client: PageClient, leila: User, channel: Channel, db_session: Session) -> None:
    event_id = quarantine(db_session, channel)
    for _ in range(2):
        post(page_client.plain, f"/settings/events/{event_id}/replay")
        with page_client.plain.application.app_context():
            process_inbound_event(row_id=str(event_id))
    assert db_session.execute(sa.select(sa.func.count(Message.id))).scalar_one() == 1


def test_all_at_once_is_only_ones_own_brands(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session, app: Flask
) -> None:
    with app.app_context():
        keyring = runtime().keyring
    theirs = make_channel(
        db_session, make_brand(db_session, "laderthuis"), ChannelType.EMAIL, keyring=keyring, address="a@b.example"
    )
    mine = {quarantine(db_session, channel, key=str(n)) for n in range(3)}
    others = {quarantine(db_session, theirs, key="x"), quarantine(db_session, None, key="y")}
    listed = page_client.get("/settings/events").text
    assert all(str(event_id) in listed for event_id in mine)
    assert not any(str(event_id) in listed for event_id in others)
    post(page_client.plain, "/settings/events/replay")
    states = {row.id: row.state for row in db_session.execute(sa.select(InboundEvent.id, InboundEvent.state))}
    assert {states[i] for i in mine} == {"ready"}
    assert {states[i] for i in others} == {"quarantined"}


def test_an_admin_sees_and_replays_what_belongs_to_no_brand(
    page_client: PageClient, db_session: Session, channel: Channel
) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    event_id = quarantine(db_session, None)
    assert str(event_id) in page_client.get("/settings/events").text
    form = page_client.get(f"/settings/events/{event_id}").text
    assert "Channel of this event" in form
    post(page_client.plain, f"/settings/events/{event_id}/replay", {"channel_id": str(channel.id)})
    event = db_session.get_one(InboundEvent, event_id, populate_existing=True)
    assert (event.state, event.channel_id) == ("ready", channel.id)


def test_a_signed_post_for_a_number_added_later_finds_its_channel(
    page_client: PageClient, db_session: Session, brand: Brand, app: Flask
) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    event_id = quarantine(db_session, None, json.dumps(CHAT).encode(), source="whatsapp_business")
    with app.app_context():
        keyring = runtime().keyring
    added = make_channel(db_session, brand, keyring=keyring, address="106600000000009")
    db_session.commit()
    post(page_client.plain, "/settings/events/replay")
    event = db_session.get_one(InboundEvent, event_id, populate_existing=True)
    assert (event.state, event.channel_id) == ("ready", added.id)
    with app.app_context():
        process_inbound_event(row_id=str(event_id))
    assert db_session.execute(sa.select(Message.text)).scalar_one() == "hoi"


def test_an_event_cannot_be_given_to_a_channel_one_does_not_see(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session, app: Flask
) -> None:
    with app.app_context():
        keyring = runtime().keyring
    theirs = make_channel(
        db_session, make_brand(db_session, "laderthuis"), ChannelType.EMAIL, keyring=keyring, address="a@b.example"
    )
    event_id = quarantine(db_session, channel)
    for channel_id in (str(theirs.id), "nonsense"):
        answer = post(page_client.plain, f"/settings/events/{event_id}/replay", {"channel_id": channel_id})
        assert answer.status_code == 422
    assert db_session.get_one(InboundEvent, event_id, populate_existing=True).state == "quarantined"


def test_a_reaction_that_was_given_up_is_shown_and_tried_again(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    event = Event(type="MessageReceived", occurred_at=utc_now(), brand_id=channel.brand_id, depth=0, payload={})
    db_session.add(event)
    db_session.flush()
    entry = OutboxEntry(
        event_id=event.id, handler="push_thread_change", queue="live", state="failed", last_error="Redis away", attempts=11
    )
    db_session.add(entry)
    db_session.commit()
    assert "Redis away" in page_client.get("/settings/events").text
    post(page_client.plain, f"/settings/events/reactions/{entry.id}/retry")
    db_session.expire_all()
    assert (entry.state, entry.attempts) == ("ready", 0)


def test_refusals_at_the_door_are_counted_per_day(page_client: PageClient, leila: User, db_session: Session) -> None:
    for _ in range(3):
        count_refusal(db_session, source="whatsapp_business", reason="bad_signature", day=utc_now().date())
    db_session.commit()
    text = page_client.get("/settings/events").text
    assert "Invalid signature" in text
    assert 'data-label="Count">3<' in text


def test_an_agent_is_told_kindly_that_the_page_is_not_for_them(
    page_client: PageClient, brand: Brand, db_session: Session
) -> None:
    sign_in(page_client.plain, db_session, make_user(db_session, brands=(brand,)))
    answer = page_client.get("/settings/events")
    assert answer.status_code == 403
    assert "You don’t have access to this page" in answer.text


def test_a_page_cannot_be_sent_without_its_token(
    page_client: PageClient, leila: User, channel: Channel, db_session: Session
) -> None:
    event_id = quarantine(db_session, channel)
    assert page_client.post(f"/settings/events/{event_id}/replay").status_code == 400
    assert db_session.get_one(InboundEvent, event_id, populate_existing=True).state == "quarantined"
