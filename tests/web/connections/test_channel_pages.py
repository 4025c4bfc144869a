"""Channels on their pages: health, the connection check, on and off, and secrets that never show."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand, Role, User
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.models import AuditEntry
from tests.factories import make_brand, make_channel, make_user
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token, post, sign_in
from tests.web.connections.conftest import PASSWORD

SECRETS = {
    "access_token": "EAAsecret-access-token",
    "signing_secret": "the-signing-secret",
    "verify_token": "the-verify-token",
    "url_key": "the-url-key-0123456789",
}


def channel_of(app: Flask, session: Session, brand: Brand, kind: ChannelType, address: str = "1066") -> Channel:
    with app.app_context():
        keyring = runtime().keyring
    settings = {"waba_id": "2006", "tenant_id": "t", "client_id": "c", "odd": "a setting nobody listed"}
    channel = make_channel(
        session, brand, kind, keyring=keyring, address=address, name=f"{kind.value} channel", secrets=SECRETS, settings=settings
    )
    session.commit()
    return channel


@pytest.mark.parametrize("kind", [ChannelType.WHATSAPP_BUSINESS, ChannelType.EMAIL_OUTLOOK, ChannelType.EMAIL])
def test_no_secret_is_on_any_page(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, kind: ChannelType
) -> None:
    channel = channel_of(app, db_session, brand, kind)
    pages = page_client.get("/settings/channels").text + page_client.get(f"/settings/channels/{channel.id}").text
    assert not [name for name, value in SECRETS.items() if value in pages]
    assert "a setting nobody listed" not in pages
    assert "Access token" in pages


def test_the_webhook_address_is_there_to_be_copied(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    assert "http://localhost/webhooks/whatsapp<" in page_client.get(f"/settings/channels/{channel.id}").text


def test_an_address_with_a_key_is_shown_for_the_password_once_and_that_is_written_down(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.EMAIL)
    path = f"/settings/channels/{channel.id}/webhook-address"
    wrong = page_client.post(path, data={"password": "not it", "csrf_token": csrf_token(page_client.plain)})
    assert wrong.status_code == 422
    assert SECRETS["url_key"] not in wrong.text
    right = page_client.post(path, data={"password": PASSWORD, "csrf_token": csrf_token(page_client.plain)})
    assert f"http://localhost/webhooks/email/inbound/{SECRETS['url_key']}" in right.text
    assert SECRETS["url_key"] not in page_client.get(f"/settings/channels/{channel.id}").text
    assert "WebhookAddressShown" in db_session.execute(sa.select(AuditEntry.action)).scalars().all()


def test_a_check_that_fails_says_why_and_stays_on_the_page(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    """Nothing listens where the tests say the provider is."""
    channel = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    assert post(page_client.plain, f"/settings/channels/{channel.id}/check").status_code == 303
    text = page_client.get(f"/settings/channels/{channel.id}").text
    assert "The connection is failing at the moment" in text
    db_session.expire_all()
    assert (channel.health, bool(channel.health_detail)) == ("degraded", True)
    assert channel.health_at is not None


def test_credentials_sealed_with_a_lost_key_are_a_failed_check_and_no_crash(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    channel.sealed_secrets = b"\x01\x00\x63" + b"0" * 60
    db_session.commit()
    post(page_client.plain, f"/settings/channels/{channel.id}/check")
    answer = page_client.get(f"/settings/channels/{channel.id}")
    assert answer.status_code == 200
    assert "cannot read the stored credentials" in answer.text


def test_a_type_without_anybody_to_ask_has_no_check(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.EMAIL)
    assert "Check connection" not in page_client.get(f"/settings/channels/{channel.id}").text


def test_a_channel_is_switched_off_and_on_and_each_is_written_down_once(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    path = f"/settings/channels/{channel.id}/activity"
    for active in ("0", "0"):
        assert post(page_client.plain, path, {"active": active}).status_code == 303
    db_session.expire_all()
    assert not channel.is_active
    assert "This channel is off" in page_client.get(f"/settings/channels/{channel.id}").text
    post(page_client.plain, path, {"active": "1"})
    assert post(page_client.plain, path, {"active": "maybe"}).status_code == 422
    actions = [a for a in db_session.execute(sa.select(AuditEntry.action)).scalars() if a.startswith("ChannelSwitched")]
    assert sorted(actions) == ["ChannelSwitchedOff", "ChannelSwitchedOn"]


def test_a_channel_that_is_off_lets_nobody_in_at_its_webhook(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    channel = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    question = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": SECRETS["verify_token"]}
    assert page_client.plain.get("/webhooks/whatsapp", query_string=question).status_code == 200
    post(page_client.plain, f"/settings/channels/{channel.id}/activity", {"active": "0"})
    assert page_client.plain.get("/webhooks/whatsapp", query_string=question).status_code == 403


def test_a_lead_sees_the_channels_of_their_brands_and_cannot_switch_them(
    app: Flask, page_client: PageClient, brand: Brand, db_session: Session
) -> None:
    mine = channel_of(app, db_session, brand, ChannelType.WHATSAPP_BUSINESS)
    theirs = channel_of(app, db_session, make_brand(db_session, "laderthuis"), ChannelType.EMAIL, "a@b.example")
    sign_in(page_client.plain, db_session, make_user(db_session, "Leila", role=Role.LEAD, brands=(brand,)))
    listed = page_client.get("/settings/channels").text
    assert mine.name in listed
    assert theirs.name not in listed
    assert "Switch off" not in page_client.get(f"/settings/channels/{mine.id}").text


def test_a_mailbox_without_a_key_has_no_webhook_address(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(db_session, brand, ChannelType.EMAIL_OUTLOOK, keyring=keyring, secrets={"client_secret": "s"})
    db_session.commit()
    assert "Webhook address" not in page_client.get(f"/settings/channels/{channel.id}").text
