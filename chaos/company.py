"""A small company on a fresh database: one brand, a channel of each kind that carries messages, and agents with API tokens."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.crypto import Keyring, parse_keys
from app.core.db import db, transaction
from app.core.ids import new_id
from app.domain.accounts.models import Brand, BrandMember, Role, User
from app.domain.accounts.tokens import EVERYTHING, create_token
from app.domain.connections.actions import NewChannel, create_channel, seal_secrets
from app.domain.connections.models import Channel, ChannelType
from app.domain.contacts.models import Contact
from app.domain.events.actions import SYSTEM
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.webhooks.actions import EndpointContent, create_endpoint
from app.domain.webhooks.models import EndpointKind
from app.process.launch.parts import SimulatorPorts

NUMBER = {"phone_number_id": "106600000000001", "display_phone_number": "31201234567", "waba_id": "200600000000001"}
MAILBOX = "support@chaos.example"
TEXTS, AT_SERVER, AT_SENDGRID = "+3197010200777", "info@server.chaos.example", "orders@sendgrid.chaos.example"
TEXT_ACCOUNT, AUTH_TOKEN = "AC00000000000000000000000000000777", "chaos-auth-token"
SERVER_PASSWORD, SENDGRID_KEY, PARSE_KEY = "chaos-password", "SG.chaos", "chaos-parse-key-0123456789abcdef"
APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN = "chaos-app-secret", "chaos-verify-token", "chaos-access-token"
GRAPH = {
    "tenant_id": "5d1f7c0e-7777-4c1e-9a55-000000000001",
    "client_id": "c0ffee00-7777-4c1e-9a55-000000000002",
    "client_secret": "simulated-client-secret",
}


@dataclass(frozen=True)
class Company:
    """What the load needs to know."""

    url: str
    ports: SimulatorPorts
    agent_tokens: tuple[str, ...]

    @property
    def chat_url(self) -> str:
        return _at(self.ports["whatsapp"])

    @property
    def mail_url(self) -> str:
        return _at(self.ports["graph"])

    @property
    def text_url(self) -> str:
        return _at(self.ports["twilio"])

    @property
    def server_url(self) -> str:
        return _at(self.ports["mailserver"])

    @property
    def sendgrid_url(self) -> str:
        return _at(self.ports["sendgrid"])

    @property
    def scenario_url(self) -> str:
        return _at(self.ports["make"])

    @property
    def notices_url(self) -> str:
        return _at(self.ports["notices"])

    @property
    def provider_urls(self) -> dict[str, str]:
        """By the names of the faults."""
        return {"chat": self.chat_url, "mail": self.mail_url, "text": self.text_url, "sendgrid": self.sendgrid_url}


def _at(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def found_company(settings: Settings, *, ports: SimulatorPorts, agents: int = 2) -> Company:
    """Write the company to the (migrated) database."""
    app = create_app(settings)
    with app.app_context():
        with transaction() as session:
            brand = Brand(id=new_id(), key="chaos", name="Chaos", hue=0, email_signature="")
            session.add(brand)
            session.flush()
            _add_channels(session, brand.id, Keyring(parse_keys(settings.encryption_keys)), ports)
            _add_scenario(session, brand.id, Keyring(parse_keys(settings.encryption_keys)), ports)
            _add_endpoint(session, brand.id, Keyring(parse_keys(settings.encryption_keys)), ports)
            tokens = tuple(_add_agent(session, f"Agent {i + 1}", brand.id) for i in range(agents))
            _add_agent(session, "Manager", brand.id, role=Role.MANAGER)
        db.engine.dispose()
    return Company(settings.public_url, ports, tokens)


def introduce(company: Company, settings: Settings) -> None:
    """Tell the simulators whom to call and with which secrets; one of them makes its own key, which we are told."""
    chat = {
        "webhook_url": f"{company.url}/webhooks/whatsapp",
        "app_secret": APP_SECRET,
        "verify_token": VERIFY_TOKEN,
        "access_token": ACCESS_TOKEN,
        "numbers": [{**NUMBER, "verified_name": "Chaos"}],
        "reorder": True,
        "retry_max_s": 2.0,
        "sent_s": 0.2,
        "delivered_s": 0.5,
        "read_s": 1.0,
    }
    order(company.chat_url, "config", chat)
    order(company.mail_url, "config", {"mailboxes": [MAILBOX]})
    text = {"sms_url": f"{company.url}/webhooks/sms#rc=5", "account_sid": TEXT_ACCOUNT, "auth_token": AUTH_TOKEN}
    order(company.text_url, "config", {**text, "signed_base": company.url, "sms_numbers": [TEXTS], "reorder": True})
    order(company.server_url, "config", {"accounts": [{"address": AT_SERVER, "password": SERVER_PASSWORD}]})
    inbound = f"{company.url}/webhooks/email/inbound/{PARSE_KEY}"
    sendgrid = {"api_key": SENDGRID_KEY, "webhook_url": f"{company.url}/webhooks/sendgrid/events", "inbound_url": inbound}
    told = order(company.sendgrid_url, "config", {**sendgrid, "duplicate": True})
    _learn_key(settings, str(told["public_key"]))


def _learn_key(settings: Settings, public_key: str) -> None:
    app = create_app(settings)
    with app.app_context():
        with transaction() as session:
            found = sa.select(Channel).where(Channel.address == AT_SENDGRID)
            secrets = {"api_key": SENDGRID_KEY, "url_key": PARSE_KEY, "signing_secret": public_key}
            seal_secrets(session.execute(found).scalar_one(), secrets, keyring=Keyring(parse_keys(settings.encryption_keys)))
        db.engine.dispose()


def order(base_url: str, name: str, body: dict[str, Any] | None = None, *, method: str | None = None) -> dict[str, Any]:
    """Use a simulator's control surface."""
    data = None if body is None else json.dumps(body).encode()
    verb = method or ("GET" if body is None else "POST")
    request = urllib.request.Request(f"{base_url}/__sim/{name}", data=data, method=verb)
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=120) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
    except urllib.error.HTTPError as error:
        raise ValueError(f"{name}: {error.read().decode()}") from error


def _add_channels(session: Any, brand_id: uuid.UUID, keyring: Keyring, ports: SimulatorPorts) -> None:
    chat = NewChannel(
        channel_type=ChannelType.WHATSAPP_BUSINESS,
        name="Chaos WhatsApp",
        brand_id=brand_id,
        address=NUMBER["phone_number_id"],
        display_address=f"+{NUMBER['display_phone_number']}",
        settings={"waba_id": NUMBER["waba_id"]},
        secrets={"access_token": ACCESS_TOKEN, "signing_secret": APP_SECRET, "verify_token": VERIFY_TOKEN},
    )
    mail = NewChannel(
        channel_type=ChannelType.EMAIL_OUTLOOK,
        name="Chaos e-mail",
        brand_id=brand_id,
        address=MAILBOX,
        settings={"tenant_id": GRAPH["tenant_id"], "client_id": GRAPH["client_id"], "from_name": "Chaos", "calendar": "on"},
        secrets={"client_secret": GRAPH["client_secret"]},
    )
    text = NewChannel(
        channel_type=ChannelType.SMS,
        name="Chaos texts",
        brand_id=brand_id,
        address=TEXTS,
        settings={"account_sid": TEXT_ACCOUNT},
        secrets={"signing_secret": AUTH_TOKEN},
    )
    line = {"smtp_host": "127.0.0.1", "smtp_port": ports["submission"], "smtp_security": "none"}
    line |= {"imap_host": "127.0.0.1", "imap_port": ports["imap"], "imap_security": "none"}
    server = NewChannel(
        channel_type=ChannelType.EMAIL,
        name="Chaos mail server",
        brand_id=brand_id,
        address=AT_SERVER,
        settings={"transport": "smtp", **line},
        secrets={"password": SERVER_PASSWORD},
    )
    sendgrid = NewChannel(
        channel_type=ChannelType.EMAIL,
        name="Chaos SendGrid",
        brand_id=brand_id,
        address=AT_SENDGRID,
        settings={"transport": "sendgrid"},
        secrets={"api_key": SENDGRID_KEY, "url_key": PARSE_KEY},
    )
    for channel in (chat, mail, text, server, sendgrid):
        create_channel(session, channel, keyring=keyring, now=utc_now())


def _add_scenario(session: Any, brand_id: uuid.UUID, keyring: Keyring, ports: SimulatorPorts) -> None:
    content = IntegrationContent(name="Chaos scenarios", brand_id=brand_id)
    secrets = {"hook_chaos": f"{_at(ports['make'])}/chaos", "hook_key": "", "signing_secret": "chaos-signing-secret"}
    create_integration(session, Provider.MAKE, content, secrets=secrets, keyring=keyring, now=utc_now(), actor=SYSTEM)


def _add_endpoint(session: Any, brand_id: uuid.UUID, keyring: Keyring, ports: SimulatorPorts) -> None:
    content, kind = (
        EndpointContent("Chaos callbacks", f"{_at(ports['make'])}/callbacks", schedule="patient"),
        EndpointKind.WEBHOOK,
    )
    create_endpoint(session, content, kind=kind, brand_id=brand_id, keyring=keyring, now=utc_now(), actor=SYSTEM)


def _add_agent(session: Any, name: str, brand_id: uuid.UUID, *, role: Role = Role.AGENT) -> str:
    now = utc_now()
    contact = Contact(id=new_id(), name=name, name_source="user", created_at=now, updated_at=now)
    session.add(contact)
    session.flush()
    email = f"{name.lower().replace(' ', '.')}@chaos.example"
    user = User(id=new_id(), contact_id=contact.id, email=email, name=name, role=role, created_at=now)
    session.add(user)
    session.flush()
    session.add(BrandMember(brand_id=brand_id, user_id=user.id))
    _token, text = create_token(session, user, name="chaos", scopes=(EVERYTHING,), now=now)
    return text
