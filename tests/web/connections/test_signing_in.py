"""A mailbox somebody signs in to: there and back in one browser, nothing kept before, and words where it ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.connections.account import account_of, keep_token_cache
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import Channel, SignIn
from app.domain.connections.queries import open_secrets
from app.domain.ingest.calendars import read_calendars
from app.domain.ingest.notifications import keep_subscriptions
from app.domain.ingest.polling import poll_channel
from app.domain.tasks.models import Task
from app.sandbox.simulators.graph.settings import Settings
from tests.domain.ingest.mailbox_world import MAILBOX, MailboxWorld
from tests.factories import make_user
from tests.support.pages import PageClient
from tests.support.providers import adapters_at, talking_by
from tests.support.signing_in import csrf_token, sign_in

ANNA, SHARED = "anna@chargecars.example", "planning@chargecars.example"
BACK = "/settings/channels/sign-in"


@pytest.fixture
def world(app_context: Flask, db_session: Session, followed: MailboxWorld, page_client: PageClient) -> Iterator[MailboxWorld]:
    followed.simulator.config(mailboxes=[MAILBOX, ANNA, SHARED], shared_mailboxes=[SHARED])
    sign_in(page_client.plain, db_session, make_user(db_session, "Root", role=Role.ADMIN))
    with talking_by(app_context, adapters_at(app_context, graph=followed.simulator.url, keep_tokens=keep_token_cache)):
        yield followed


def typed(world: MailboxWorld, **other: str) -> dict[str, str]:
    settings = Settings()
    plain = {"kind": "email_outlook/signed_in", "name": "Anna", "brand_id": str(world.channel.brand_id), "address": ANNA}
    ours = {"tenant_id": "consumers", "client_id": settings.client_id, "client_secret": settings.client_secret}
    return {**plain, **ours, **other}


def begin(client: PageClient, data: dict[str, str], path: str = "/settings/channels/new") -> str:
    """Send the form; returns the address of the link to Microsoft."""
    answer = client.post(path, data={**data, "csrf_token": csrf_token(client.plain)})
    assert answer.status_code == 200, answer.text
    found = re.search(r'href="([^"]+/authorize\?[^"]+)"', answer.text)
    assert found
    return unescape(found[1])


def at_microsoft(world: MailboxWorld, address: str, **choice: str) -> str:
    """Choose there; returns where the browser is sent, below our address."""
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert (query["code_challenge_method"], query["prompt"]) == ("S256", "select_account")
    assert world.simulator.http.request("GET", address).ok
    answer = world.simulator.http.request("POST", address, data=choice)
    location = urlsplit(answer.headers["location"])
    assert location.path == BACK
    return f"{location.path}?{location.query}"


def connected(client: PageClient, world: MailboxWorld, user: str = ANNA, **other: str) -> Channel:
    answer = client.get(at_microsoft(world, begin(client, typed(world, **other)), user=user))
    assert answer.status_code == 303, answer.text
    world.session.expire_all()
    return world.session.execute(sa.select(Channel).where(Channel.name == "Anna")).scalar_one()


def planned(world: MailboxWorld, address: str) -> list[str]:
    """The titles of the tasks there are, once an event more stands in that calendar."""
    day = utc_now() + timedelta(days=20)
    event = {"mailbox": address, "subject": f"Schouw {len(world.simulator.calls('GET', 'calendarView'))}"}
    world.simulator.control("POST", "calendar", {**event, "start": f"{day:%Y-%m-%dT09:00:00}"})
    read_calendars()
    world.session.expire_all()
    return list(world.session.execute(sa.select(Task.title).order_by(Task.title)).scalars())


@pytest.mark.parametrize(("address", "user_address"), [(ANNA, ""), (SHARED, ANNA)])
def test_the_calendar_of_a_mailbox_somebody_signed_in_to_is_followed(
    page_client: PageClient, world: MailboxWorld, address: str, user_address: str
) -> None:
    channel = connected(page_client, world, address=address, user_address=user_address, calendar="on")
    assert planned(world, address) == ["Schouw 1"]  # it was asked for once before it was connected
    world.simulator.control("POST", "expire-tokens")
    assert planned(world, address) == ["Schouw 1", "Schouw 2"]
    assert "We cannot read the calendar of this mailbox" not in page_client.get(f"/settings/channels/{channel.id}").text


def test_a_calendar_nobody_agreed_to_is_said_and_mail_goes_on_and_signing_in_again_opens_it(
    page_client: PageClient, world: MailboxWorld
) -> None:
    channel = connected(page_client, world)
    path = f"/settings/channels/{channel.id}"
    own = {name: value for name, value in typed(world).items() if name not in ("kind", "brand_id", "address", "client_secret")}
    saved = page_client.post(f"{path}/edit", data={**own, "calendar": "on", "csrf_token": csrf_token(page_client.plain)})
    assert (saved.status_code, planned(world, ANNA)) == (303, [])
    page = page_client.get(path).text
    assert "Sign in again, so that Microsoft lets us read the calendar" in page
    assert "We cannot read the calendar of this mailbox" in page
    assert "Sign in again on the channel&#39;s page and allow access to the calendar" in page
    world.simulator.control("POST", "expire-tokens")
    world.write("Aan Anna", ANNA)
    assert poll_channel(channel.id).stored == 1
    assert page_client.get(at_microsoft(world, begin(page_client, {}, f"{path}/sign-in"), user=ANNA)).status_code == 303
    assert len(planned(world, ANNA)) == 2
    assert "We cannot read the calendar of this mailbox" not in page_client.get(path).text


def test_a_mailbox_whose_calendar_is_out_of_reach_is_not_connected_with_it(page_client: PageClient, world: MailboxWorld) -> None:
    world.simulator.config(roles=["Mail.ReadWrite", "Mail.Send", "Mail.Read"])
    data = {**typed(world), "kind": "email_outlook", "tenant_id": Settings().tenant_id, "calendar": "on"}
    data["csrf_token"] = csrf_token(page_client.plain)
    answer = page_client.post("/settings/channels/new", data=data)
    assert answer.status_code == 422
    assert "Give the application the permission Calendars.ReadWrite" in answer.text
    assert page_client.post("/settings/channels/new", data={**data, "calendar": "off"}).status_code == 303


@pytest.mark.parametrize(("address", "user_address"), [(ANNA, ""), (SHARED, ANNA)])
def test_a_mailbox_is_signed_in_to_read_told_of_and_written_from(
    page_client: PageClient, world: MailboxWorld, address: str, user_address: str
) -> None:
    channel = connected(page_client, world, address=address, user_address=user_address)
    assert (channel.health, channel.adapter_key) == ("ok", "email_outlook/signed_in")
    assert set(open_secrets(channel, runtime().keyring)) == {"client_secret", "token_cache"}
    world.write("Aan Anna", address)
    assert poll_channel(channel.id).stored == 1
    path = "/v1.0/me/" if not user_address else f"/v1.0/users/{SHARED}/"
    assert world.simulator.calls("GET", f"{path}mailFolders/inbox/messages/delta")
    world.simulator.fault("POST", "/subscriptions$", times=None, status=201, body={"id": "one"})
    keep_subscriptions()
    wanted = [call["body"] for call in world.simulator.calls("POST", "/subscriptions")]
    assert any(f'"/{path[6:]}mailFolders' in body for body in wanted)


def test_nothing_of_a_sign_in_is_in_the_clear_and_it_is_good_once(page_client: PageClient, world: MailboxWorld) -> None:
    back = at_microsoft(world, begin(page_client, typed(world)), user=ANNA)
    row = world.session.execute(sa.select(SignIn)).scalar_one()
    state = parse_qs(urlsplit(back).query)["state"][0]
    for secret in (state, Settings().client_secret, "code_verifier"):
        assert secret.encode() not in row.sealed
        assert secret != row.state_hash
    world.session.commit()
    assert page_client.get(back).status_code == 303
    assert page_client.get(back).headers["Location"] == "/settings/channels"
    world.session.expire_all()
    assert world.session.execute(sa.select(sa.func.count()).select_from(Channel).where(Channel.name == "Anna")).scalar_one() == 1


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"refuse": "1"}, "The sign-in at Microsoft was cancelled or refused"),
        ({"user": MAILBOX}, f"You signed in as {MAILBOX}: sign in again as {ANNA}"),
    ],
)
def test_a_sign_in_refused_or_of_somebody_else_is_said_and_nothing_is_kept(
    page_client: PageClient, world: MailboxWorld, choice: dict[str, str], words: str
) -> None:
    answer = page_client.get(at_microsoft(world, begin(page_client, typed(world)), **choice))
    assert answer.status_code == 422
    assert words in answer.text
    assert Settings().client_secret not in answer.text
    assert world.session.execute(sa.select(Channel.name).where(Channel.name == "Anna")).first() is None


@pytest.mark.parametrize("spoil", ["state=forged", "code=forged"])
def test_an_answer_that_was_tampered_with_signs_nobody_in(page_client: PageClient, world: MailboxWorld, spoil: str) -> None:
    back = at_microsoft(world, begin(page_client, typed(world)), user=ANNA)
    spoilt = re.sub(rf"{spoil.partition('=')[0]}=[^&]+", spoil, back)
    assert page_client.get(spoilt).status_code == (303 if spoil.startswith("state") else 422)
    assert world.session.execute(sa.select(Channel.name).where(Channel.name == "Anna")).first() is None


def test_the_sign_in_of_another_user_is_not_taken(page_client: PageClient, world: MailboxWorld) -> None:
    back = at_microsoft(world, begin(page_client, typed(world)), user=ANNA)
    olga = make_user(world.session, "Olga", role=Role.ADMIN)
    world.session.execute(sa.update(SignIn).values(user_id=olga.id))
    world.session.commit()
    assert page_client.get(back).headers["Location"] == "/settings/channels"
    assert world.session.execute(sa.select(Channel.name).where(Channel.name == "Anna")).first() is None


def test_an_expired_token_is_refreshed_and_what_came_of_it_is_kept(page_client: PageClient, world: MailboxWorld) -> None:
    channel = connected(page_client, world)
    before = open_secrets(channel, runtime().keyring)["token_cache"]
    world.simulator.control("POST", "expire-tokens")
    assert poll_channel(channel.id).pages > 0
    world.session.expire_all()
    assert open_secrets(channel, runtime().keyring)["token_cache"] != before


def test_a_withdrawn_sign_in_is_said_with_what_to_do_and_mended_on_the_page(page_client: PageClient, world: MailboxWorld) -> None:
    channel = connected(page_client, world)
    world.simulator.control("POST", "revoke-sign-ins")
    health = check_channel(channel)
    assert health is not None
    assert health.detail.startswith("The sign-in has expired or was revoked · Sign in again on the channel's page")
    page = page_client.get(f"/settings/channels/{channel.id}").text
    assert "The sign-in has expired or was revoked" in page
    address = begin(page_client, {}, f"/settings/channels/{channel.id}/sign-in")
    assert page_client.get(at_microsoft(world, address, user=ANNA)).status_code == 303
    world.session.expire_all()
    assert channel.health == "ok"
    assert account_of(channel).secrets["client_secret"] == Settings().client_secret


def test_the_way_to_the_consent_of_an_administrator_and_back(page_client: PageClient, world: MailboxWorld) -> None:
    settings = Settings()
    data = {"tenant_id": settings.tenant_id, "client_id": settings.client_id, "csrf_token": csrf_token(page_client.plain)}
    page = page_client.post("/settings/channels/consent", data=data).text
    found = re.search(r'href="([^"]+/adminconsent\?[^"]+)"', page)
    assert found
    location = urlsplit(world.simulator.http.request("GET", unescape(found[1])).headers["location"])
    back = page_client.get(f"{location.path}?{location.query}")
    assert "The administrator agreed." in page_client.get(back.headers["Location"]).text
    forged = page_client.get("/settings/channels/consent?admin_consent=True&state=forged")
    assert "We do not recognise this answer" in page_client.get(forged.headers["Location"]).text
