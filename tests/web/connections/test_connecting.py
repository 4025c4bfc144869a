"""A channel is connected on a page: the provider is asked first, nothing wrong is kept, and no secret comes back."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Brand, User
from app.domain.connections.actions import FORMER_SECRET_VALID, ChangedChannel, ChannelMovedOn, change_channel
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import FORMER_SIGNATURE_UNTIL, is_former_secret_valid, list_changed_since, open_secrets
from app.domain.events.actions import SYSTEM
from app.domain.events.models import AuditEntry, Event
from app.domain.ingest.models import InboundEvent
from tests.factories import NOW, make_channel
from tests.sandbox.simulators.whatsapp_world import NUMBER_ID, WABA_ID, World
from tests.support.pages import PageClient
from tests.support.signing_in import csrf_token

GOOD = {"access_token": "simulated-access-token", "signing_secret": "simulated-app-secret"}


def typed(brand: Brand, **other: str) -> dict[str, str]:
    """The form of a number, filled in rightly but for `other`."""
    plain = {"kind": "whatsapp_business", "name": "WhatsApp ChargeCars", "brand_id": str(brand.id), "address": NUMBER_ID}
    return {**plain, "display_address": "+31 20 123 4567", "waba_id": WABA_ID, **GOOD, **other}


def send(client: PageClient, data: dict[str, str], path: str = "/settings/channels/new") -> TestResponse:
    return client.post(path, data={**data, "csrf_token": csrf_token(client.plain)})


def only(session: Session) -> Channel:
    session.expire_all()
    return session.execute(sa.select(Channel)).scalar_one()


def secrets_of(app: Flask, channel: Channel) -> dict[str, str]:
    with app.app_context():
        return open_secrets(channel, runtime().keyring)


def connected(client: PageClient, session: Session, brand: Brand) -> Channel:
    assert send(client, typed(brand)).status_code == 303
    return only(session)


def signed_post(client: PageClient, secret: str, body: bytes = b'{"object":"whatsapp_business_account","entry":[]}') -> int:
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return client.plain.post("/webhooks/whatsapp", data=body, headers={"X-Hub-Signature-256": signature}).status_code


def test_every_kind_has_its_form(page_client: PageClient, root: User, brand: Brand) -> None:
    kinds = re.findall(r'href="(/settings/channels/new\?kind=[^"]+)"', page_client.get("/settings/channels/new").text)
    assert len(kinds) >= 3
    assert {page_client.get(path).status_code for path in kinds} == {200}
    assert page_client.get("/settings/channels/new?kind=pigeon").status_code == 404


def test_a_number_that_the_provider_knows_is_connected_and_receives(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = connected(page_client, db_session, brand)
    assert (channel.address, channel.health, channel.settings) == (
        NUMBER_ID,
        "ok",
        {"waba_id": WABA_ID, "read_marks": "on", "typing": "on", "visit_reminders": "off"},
    )
    assert "Connected as" in channel.health_detail
    assert {name: secrets_of(app, channel)[name] for name in GOOD} == GOOD
    assert signed_post(page_client, GOOD["signing_secret"]) == 200
    assert signed_post(page_client, "another secret") == 401
    assert db_session.execute(sa.select(Event.type).where(Event.type == "ChannelConnected")).scalars().all()
    assert db_session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == 1


def test_a_token_the_provider_refuses_is_said_in_words_and_nothing_is_kept(
    page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    wrong = typed(brand, access_token="EAA-planted-and-wrong")
    answer = send(page_client, wrong)
    assert answer.status_code == 422
    assert "The connection does not work" in answer.text
    assert "access token" in answer.text.lower()
    assert wrong["name"] in answer.text
    assert wrong["waba_id"] in answer.text
    assert not [name for name in GOOD if wrong[name] in answer.text]
    assert db_session.execute(sa.select(Channel)).first() is None


@pytest.mark.parametrize("port", ["", "587", "65535"])
def test_a_port_is_a_number_of_one(page_client: PageClient, root: User, brand: Brand, port: str) -> None:
    assert "whole number" not in mail_server(page_client, brand, port).text


@pytest.mark.parametrize("port", ["0", "65536", "five", "5.5", "-1", "٣", "1" * 5000])
def test_what_is_no_port_is_refused_at_its_field(page_client: PageClient, root: User, brand: Brand, port: str) -> None:
    answer = mail_server(page_client, brand, port)
    assert answer.status_code == 422
    assert "Enter a whole number from 1 to 65535." in answer.text


def mail_server(page_client: PageClient, brand: Brand, port: str) -> TestResponse:
    """The answer to a form for a mailbox at a server that is not there."""
    there = {"address": "desk@example.nl", "smtp_host": "127.0.0.1", "smtp_security": "none", "imap_security": "tls"}
    how = {"kind": "email/smtp", "name": "Desk", "brand_id": str(brand.id), "password": "x", "sent_copy": "none"}
    return send(page_client, {**there, **how, "smtp_port": port})


@pytest.mark.parametrize("fault", [{"status": 429}, {"status": 500}, {"drop_connection": True}])
def test_a_provider_in_trouble_is_said_and_nothing_is_kept(
    page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World, fault: dict[str, object]
) -> None:
    whatsapp.fault(f"/{NUMBER_ID}$", times=1, **fault)
    assert "The connection does not work" in send(page_client, typed(brand)).text
    assert db_session.execute(sa.select(Channel)).first() is None
    assert send(page_client, typed(brand)).status_code == 303


@pytest.mark.parametrize("name", ["name", "brand_id", "address", "display_address", "waba_id", "access_token", "signing_secret"])
def test_what_is_missing_is_named_and_nobody_is_asked(
    page_client: PageClient, root: User, brand: Brand, whatsapp: World, name: str
) -> None:
    answer = send(page_client, typed(brand, **{name: ""}))
    assert answer.status_code == 422
    assert f'href="#field-{name}"' in answer.text
    assert not whatsapp.control("requests", "GET")["requests"]


def test_the_verify_token_works_before_the_number_is_connected_and_after(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    form = page_client.get("/settings/channels/new?kind=whatsapp_business").text
    found = re.search(r'name="issued" value="([^"]+)"', form)
    assert found
    question = {"hub.mode": "subscribe", "hub.challenge": "42", "hub.verify_token": found[1]}
    assert page_client.plain.get("/webhooks/whatsapp", query_string=question).text == "42"
    forged = {**question, "hub.verify_token": f"x{found[1]}"}
    assert page_client.plain.get("/webhooks/whatsapp", query_string=forged).status_code == 403
    assert found[1] in send(page_client, typed(brand, issued=found[1], access_token="EAA-wrong")).text
    send(page_client, typed(brand, issued=found[1]))
    channel = only(db_session)
    assert secrets_of(app, channel)["verify_token"] == found[1]
    assert found[1] not in page_client.get(f"/settings/channels/{channel.id}").text


def test_the_token_of_another_house_is_not_taken(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    send(page_client, typed(brand, issued="easy-to-guess"))
    assert secrets_of(app, only(db_session))["verify_token"] not in ("", "easy-to-guess")


def test_the_same_number_or_name_twice_is_refused(
    page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    connected(page_client, db_session, brand)
    answer = send(page_client, typed(brand))
    assert answer.status_code == 422
    assert 'href="#field-name"' in answer.text
    assert 'href="#field-address"' in answer.text


def test_an_inbound_address_is_shown_while_it_is_connected(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session
) -> None:
    form = page_client.get("/settings/channels/new?kind=email").text
    shown = re.search(r"http://localhost/webhooks/email/inbound/([^<]+)<", form)
    assert shown
    data = {"kind": "email", "name": "Archief", "brand_id": str(brand.id), "address": "archief@chargecars.example"}
    assert send(page_client, {**data, "issued": shown[1]}).status_code == 303
    assert secrets_of(app, only(db_session)) == {"url_key": shown[1]}


def test_a_change_with_empty_secrets_keeps_them(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = connected(page_client, db_session, brand)
    before = secrets_of(app, channel)
    form = page_client.get(f"/settings/channels/{channel.id}/edit").text
    assert not [value for value in before.values() if value in form]
    change = {"name": "WhatsApp service", "display_address": "+31 20 765 4321", "waba_id": WABA_ID}
    assert send(page_client, change, f"/settings/channels/{channel.id}/edit").status_code == 303
    channel = only(db_session)
    assert (channel.name, channel.display_address) == ("WhatsApp service", "+31 20 765 4321")
    assert secrets_of(app, channel) == before
    assert "ChannelChanged" in db_session.execute(sa.select(AuditEntry.action)).scalars().all()


def test_a_change_that_does_not_work_changes_nothing(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = connected(page_client, db_session, brand)
    before = secrets_of(app, channel)
    change = {"name": "Other", "display_address": "+31 20", "waba_id": WABA_ID, "access_token": "EAA-wrong"}
    assert send(page_client, change, f"/settings/channels/{channel.id}/edit").status_code == 422
    channel = only(db_session)
    assert (channel.name, channel.health) == ("WhatsApp ChargeCars", "ok")
    assert secrets_of(app, channel) == before


def test_of_two_who_change_a_channel_the_second_is_told_what_the_first_did(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = connected(page_client, db_session, brand)
    path = f"/settings/channels/{channel.id}/edit"
    assert 'name="version" value="1"' in page_client.get(path).text
    common = {"display_address": "+31 20", "waba_id": WABA_ID, "version": "1"}
    first = {**common, "name": "Of the first", "access_token": GOOD["access_token"]}
    assert send(page_client, first, path).status_code == 303
    asked = len(whatsapp.control("requests", "GET")["requests"])
    refused = send(page_client, {**common, "name": "Of the second"}, path)
    assert refused.status_code == 409
    assert len(whatsapp.control("requests", "GET")["requests"]) == asked  # nobody is asked about what is refused
    assert [words in refused.text for words in ("Name: Of the first", "Access token: changed")] == [True, True]
    assert "WhatsApp business account ID:" not in refused.text
    assert [words in refused.text for words in ('value="Of the second"', 'name="version" value="2"')] == [True, True]
    assert only(db_session).name == "Of the first"
    assert send(page_client, {**common, "name": "Of the second", "version": "2"}, path).status_code == 303
    assert (only(db_session).name, only(db_session).version) == ("Of the second", 3)


def test_who_changes_a_channel_while_the_provider_is_asked_wins(app: Flask, brand: Brand, db_session: Session) -> None:
    """The row itself is looked at again before it is written."""
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=keyring, address=NUMBER_ID, secrets=GOOD)
    change = ChangedChannel({"name": "Mine"}, {}, {})
    change_channel(db_session, channel, change, keyring=keyring, now=NOW, actor=SYSTEM, seen_version=1)
    with pytest.raises(ChannelMovedOn):
        change_channel(db_session, channel, change, keyring=keyring, now=NOW, actor=SYSTEM, seen_version=1)
    assert list_changed_since(db_session, channel.id, 1) == ["name"]


def test_what_the_former_secret_signed_is_let_in_for_a_week(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    channel = connected(page_client, db_session, brand)
    change = {"name": "W", "display_address": "+31 20", "waba_id": WABA_ID, "signing_secret": "the new one"}
    assert send(page_client, change, f"/settings/channels/{channel.id}/edit").status_code == 303
    assert (signed_post(page_client, "the new one"), signed_post(page_client, GOOD["signing_secret"])) == (200, 200)
    channel = only(db_session)
    assert is_former_secret_valid(channel, now=utc_now() + FORMER_SECRET_VALID - timedelta(minutes=1))
    assert not is_former_secret_valid(channel, now=utc_now() + FORMER_SECRET_VALID)
    channel.settings = {**channel.settings, FORMER_SIGNATURE_UNTIL: utc_now().isoformat()}
    db_session.commit()
    assert (signed_post(page_client, "the new one"), signed_post(page_client, GOOD["signing_secret"])) == (200, 401)


def test_new_credentials_mend_a_channel_whose_key_is_lost(
    app: Flask, page_client: PageClient, root: User, brand: Brand, db_session: Session, whatsapp: World
) -> None:
    with app.app_context():
        keyring = runtime().keyring
    channel = make_channel(db_session, brand, ChannelType.WHATSAPP_BUSINESS, keyring=keyring, address=NUMBER_ID, secrets=GOOD)
    channel.sealed_secrets = b"\x01\x00\x63" + b"0" * 60
    db_session.commit()
    change = {"name": "W", "display_address": "+31 20", "waba_id": WABA_ID, **GOOD}
    assert send(page_client, change, f"/settings/channels/{channel.id}/edit").status_code == 303
    assert secrets_of(app, only(db_session)) == GOOD


def test_an_address_may_fill_the_form_in_and_with_secrets_in_the_demo_alone(
    app: Flask, page_client: PageClient, root: User, brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = f"/settings/channels/new?kind=whatsapp_business&address={NUMBER_ID}&waba_id={WABA_ID}&access_token=of-the-demo"
    html = page_client.get(link).text
    assert f'value="{NUMBER_ID}"' in html
    assert "of-the-demo" not in html
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], demo=True))
    assert 'value="of-the-demo"' in page_client.get(link).text
