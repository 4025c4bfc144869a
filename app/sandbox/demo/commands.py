"""Commands `flask demo …`: load the demo company, print how to sign in, print its secrets for tests from outside."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any

import click
from flask import Flask
from flask.cli import AppGroup
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.accounts.passwords import hash_password
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import list_channels, open_secrets
from app.sandbox.demo.connect import connect_simulators
from app.sandbox.demo.load import COMPANIES, load_demo
from app.sandbox.demo.mailboxes import connect_mailboxes, mailboxes_elsewhere
from app.sandbox.demo.partners import PERSON, connect_partners, list_partner_secrets, make_partners
from app.sandbox.demo.phone_world import connect_phone, simulated_phone
from app.sandbox.demo.simulator_client import connect_teams, simulator
from app.sandbox.demo.simulator_state import SIMULATORS, SimulatorAway, World
from app.sandbox.demo.wait_for_simulators import wait_for_simulators
from app.sandbox.demo.webhooks import connect_webhooks

PASSWORD = "switchyard-demo"  # noqa: S105  of the demo company only; the demo refuses to run in production
group = AppGroup("demo", help="The demonstration companies.")


@dataclass(frozen=True)
class DemoPerson:
    """A demo user with their password, for the buttons on the sign-in page."""

    company: str
    name: str
    email: str
    role: str
    password: str = field(default=PASSWORD, repr=False)


def register(app: Flask) -> None:
    """Add the `demo` commands to `flask`, and offer one user of each role on the sign-in page."""
    app.cli.add_command(group)
    # One person of each role that somebody has; the passwords are printed by `make run` anyway.
    people, roles = demo_people(), list(Role)
    firsts = {(one.company, one.role): one for one in reversed(people)}
    app.config["DEMO_PEOPLE"] = sorted(firsts.values(), key=lambda one: (one.company, roles.index(Role(one.role))))


def demo_people() -> list[DemoPerson]:
    """Return all users who can sign in, company by company. The partner's user is last, with the name of the first company."""
    people = [DemoPerson(one.name, user.name, user.email, user.role.value) for one in COMPANIES for user in one.users]
    return [*people, DemoPerson(COMPANIES[0].name, PERSON[1], PERSON[2], Role.PARTNER.value)]


def simulated_world() -> World:
    """Return the simulators this demo was started with."""
    settings, elsewhere = runtime().settings, mailboxes_elsewhere(db.session())
    return World(
        SIMULATORS,
        chat_url=settings.provider_settings["WHATSAPP_BASE_URL"],
        mail_url=settings.provider_settings["GRAPH_BASE_URL"],
        elsewhere=elsewhere,
    )


@group.command("load")
def load() -> None:
    """Load the demo companies if the database is empty, and configure the simulators for their channels."""
    _demo_only()
    keyring, secret_key, now = runtime().keyring, runtime().settings.secret_key, utc_now()
    with transaction() as session:
        password_hash = hash_password(PASSWORD)
        threads = load_demo(session, keyring=keyring, password_hash=password_hash, now=now)
        if threads:
            who: dict[str, Any] = {"keyring": keyring, "now": now, "password_hash": password_hash}
            make_partners(session, secret_key=secret_key, receiver_url=_receiver_url(), **who)
    click.echo(f"loaded {threads} threads" if threads else "the demo is loaded already")
    try:
        wait_for_simulators(os.environ)
        with transaction() as session:
            settings = runtime().settings
            connect_mailboxes(session, os.environ, keyring=runtime().keyring, public_url=settings.public_url)
        with transaction() as session:
            connect_simulators(session, simulated_world(), keyring=runtime().keyring, settings=runtime().settings, now=utc_now())
        with transaction() as session:
            connect_phone(session, simulated_phone(), keyring=runtime().keyring, settings=runtime().settings)
        with transaction() as session:
            connect_partners(session, simulator("receiver").url, secret_key=secret_key, keyring=keyring, now=utc_now())
        with transaction() as session:
            connect_teams(session, simulator("notices"), keyring=runtime().keyring)
        with transaction() as session:
            connect_webhooks(session, simulator("receiver"), keyring=runtime().keyring, now=utc_now())
    except SimulatorAway as error:
        click.echo(f"channels are not connected: {error}")


@group.command("signins")
def signins() -> None:
    """Print who can sign in."""
    _demo_only()
    for person in demo_people():
        click.echo(f"{person.email:30} {PASSWORD:18} {person.role:10} {person.name} ({person.company})")


@group.command("secrets")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def secrets(as_json: bool) -> None:
    """Print what each demo channel, and each demo partner, needs to be called from outside."""
    _demo_only()
    with transaction() as session:
        entries = [entry for channel in list_channels(session) if (entry := _secrets_of(session, channel))]
        entries += list_partner_secrets(runtime().settings.secret_key, runtime().settings.public_url)
    if as_json:
        click.echo(json.dumps(entries, indent=2))
        return
    for entry in entries:
        click.echo("  ".join(f"{name}={value}" for name, value in entry.items()))


def _secrets_of(_session: Session, channel: Channel) -> dict[str, Any]:
    opened, base = open_secrets(channel, runtime().keyring), runtime().settings.public_url
    entry: dict[str, Any] = {"channel_type": channel.channel_type.value, "channel_name": channel.name}
    if channel.channel_type == ChannelType.WHATSAPP_BUSINESS:
        return entry | {
            "webhook_url": f"{base}/webhooks/whatsapp",
            "verify_token": opened["verify_token"],
            "signing_secret": opened["signing_secret"],
            "phone_number_id": channel.address,
        }
    if channel.channel_type in (ChannelType.SMS, ChannelType.PHONE_CALL):
        path = "sms" if channel.channel_type == ChannelType.SMS else "voice"
        told = {"account_sid": channel.settings["account_sid"], "number": channel.address}
        return entry | {
            "webhook_url": f"{base}/webhooks/{path}",
            "verify_token": None,
            "signing_secret": opened["signing_secret"],
            **told,
        }
    if "url_key" not in opened:
        return entry | {"webhook_url": None, "verify_token": None, "signing_secret": None, "mailbox": channel.address}
    return entry | {
        "webhook_url": f"{base}/webhooks/email/inbound/{opened['url_key']}",
        "verify_token": None,
        "signing_secret": None,
        "mailbox": channel.address,
    }


def _receiver_url() -> str | None:
    """Return the URL where the receiver of the demo's partners accepts posts. Return None if it does not answer."""
    try:
        return simulator("receiver").url
    except SimulatorAway:
        return None


def _demo_only() -> None:
    if not runtime().settings.demo:
        raise click.ClickException("DEMO is off; start with DEMO=1")
