"""Every way by which an address that somebody else wrote is called; docs/architecture/core.md has the same list in words.

Each is gone by the adapter or page that goes it in the application, with a client of the test. What the way makes of the failure
is its own business; what counts is who was reached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session

from app.contract.address_register import Question, UnableToAsk
from app.contract.base import ChannelAccount, ProviderError
from app.contract.forms import FormsFailure
from app.core import runtime as installed
from app.core.clock import utc_now
from app.core.guarded_connect import Resolver
from app.core.http import HttpClient
from app.core.ids import new_id
from app.core.metering import Endpoint
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.events.actions import SYSTEM
from app.domain.ingest.self_test import try_webhook
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.partners.actions import PartnerContent, WrongPartner, create_partner
from app.domain.partners.models import Environment
from app.domain.partners.pulls import pull_partner
from app.domain.partners.take_order import take_order
from app.domain.webhooks.actions import EndpointContent, create_endpoint, queue_message
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import EndpointKind, WebhookDelivery
from app.domain.webhooks.owned import endpoint_of_owner
from app.providers.fetch_link import fetch_linked
from app.providers.fillout.client import Fillout
from app.providers.graph.client import GraphClient
from app.providers.pdok.adapter import Pdok
from app.providers.smtp.adapter import MailServerMail
from app.providers.teams.sending import TeamsSender
from app.providers.twilio.api import TwilioApi
from app.providers.web_push.encryption import CURVE, point_of, to_base64url
from app.providers.web_push.sending import Address, PushMessage, PushSender
from app.providers.web_push.vapid import OwnKey
from app.providers.whatsapp_cloud.api import CloudApi
from tests.domain.partners.factories import incoming
from tests.factories import make_brand

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@dataclass(frozen=True)
class Traveller:
    """What a way is gone with: `public` is the root of a server that plays the rest of the world."""

    app: Flask
    client: FlaskClient
    session: Session
    allowed: tuple[str, ...]
    resolve: Resolver
    public: str
    provider: str = ""

    def root(self, url: str) -> str:
        """Where the provider is; unless told otherwise, there where the URL leads."""
        return self.provider or "/".join(url.split("/")[:3])

    def http(self) -> HttpClient:
        return HttpClient(allowed_networks=self.allowed, resolve=self.resolve)

    @contextmanager
    def running(self) -> Iterator[None]:
        """The application with our client in it."""
        before = runtime()
        installed.install(self.app, replace(before, http=self.http(), foreign_http=self.http()))
        try:
            yield
        finally:
            installed.install(self.app, before)


Way = Callable[[Traveller, str], object]


def account(**settings: str) -> ChannelAccount:
    secrets = dict.fromkeys(("access_token", "signing_secret", "client_secret", "password"), "s")
    common = {"tenant_id": "t", "client_id": "c", "account_sid": "AC1"}
    return ChannelAccount("1", "email", "n", "service@example.com", {**common, **settings}, secrets)


def scenario_in_make(traveller: Traveller, url: str) -> None:
    with traveller.running():
        content = IntegrationContent(str(new_id()), _brand(traveller.session).id, None, {"hooks": {}})
        secrets = {"hook_order_processing": url, "signing_secret": "s"}
        keyring = runtime().keyring
        made = create_integration(
            traveller.session, Provider.MAKE, content, secrets=secrets, keyring=keyring, now=utc_now(), actor=SYSTEM
        )
        session, now, kind = traveller.session, utc_now(), EndpointKind.MAKE
        owned = {"owner_id": made.id, "brand_id": made.brand_id}
        endpoint = endpoint_of_owner(session, kind=kind, name="order_processing", now=now, **owned)
        queue_message(session, event_type="X", payload=b"{}", endpoints=[endpoint], now=now, **owned)
        session.commit()
        _deliver_newest(session)


def _deliver_newest(session: Session) -> None:
    deliver(session.execute(sa.select(WebhookDelivery.id).order_by(WebhookDelivery.number.desc()).limit(1)).scalar_one())


def endpoint_of_callbacks(traveller: Traveller, url: str) -> None:
    with traveller.running():
        session, brand = traveller.session, _brand(traveller.session)
        create_endpoint(
            session,
            EndpointContent("e", url),
            kind=EndpointKind.WEBHOOK,
            brand_id=brand.id,
            keyring=runtime().keyring,
            now=utc_now(),
            actor=SYSTEM,
        )
        queue_message(session, event_type="order.created", payload={}, brand_id=brand.id, now=utc_now())
        session.commit()
        _deliver_newest(session)


def api_of_a_partner(traveller: Traveller, url: str) -> None:
    with traveller.running(), suppress(WrongPartner):
        slug, session = f"p-{new_id().hex[-12:]}", traveller.session
        content = PartnerContent("Partner", slug, _brand(session).id, api_base_url=url, sync_enabled=True)
        made = create_partner(session, replace(content, push_enabled=True), now=utc_now(), actor=SYSTEM)
        session.commit()
        pull_partner(made.id)
        take_order(session, made, Environment.LIVE, incoming(slug), now=utc_now())
        session.commit()
        _deliver_newest(session)


def _brand(session: Session) -> Brand:
    return session.execute(sa.select(Brand)).scalars().first() or make_brand(session)


def picture_in_a_mail(traveller: Traveller, url: str) -> None:
    link = URLSafeTimedSerializer(str(traveller.app.secret_key), salt="remote-image").dumps(url)
    with traveller.running():
        traveller.client.get(f"/remote-image/{link}")


def push_of_a_browser(traveller: Traveller, url: str) -> None:
    own, theirs = ec.generate_private_key(CURVE), ec.generate_private_key(CURVE)
    key = OwnKey(own, to_base64url(point_of(own.public_key())))
    address = Address(url, to_base64url(point_of(theirs.public_key())), to_base64url(b"0123456789abcdef"))
    sender = PushSender(traveller.http(), key, (traveller.root(url),), "mailto:a@example.com")
    sender.send(address, PushMessage({}, "t"), now=NOW)


def workflow_of_teams(traveller: Traveller, url: str) -> None:
    TeamsSender(traveller.http(), (traveller.root(url),)).send(url, b"{}", now=NOW)


def address_of_fillout(traveller: Traveller, url: str) -> None:
    with suppress(FormsFailure):
        Fillout(traveller.http(), url, "key").form_name("f")


def address_of_pdok(traveller: Traveller, url: str) -> None:
    with suppress(UnableToAsk):
        Pdok(traveller.http(), url).find(Question("1", "1234AB"))


def media_of_whatsapp(traveller: Traveller, url: str) -> None:
    api = CloudApi(traveller.http(), traveller.root(url), "v26.0", (), 5)
    with suppress(ProviderError):
        api.download(url, account=account(), max_bytes=1000)


def media_of_twilio(traveller: Traveller, url: str) -> None:
    with suppress(ProviderError):
        TwilioApi(traveller.http(), traveller.root(url)).download(url, account=account())


def file_of_a_form(traveller: Traveller, url: str) -> None:
    with suppress(ProviderError):
        fetch_linked(traveller.http(), url, filename="a.png", called=Endpoint("fillout", "GET file"), allows_http=True)


def next_page_of_twilio(traveller: Traveller, url: str) -> None:
    with suppress(ProviderError):
        TwilioApi(traveller.http(), traveller.root(url)).get_next(url, account=account())


def next_link_of_graph(traveller: Traveller, url: str) -> None:
    client = GraphClient(traveller.http(), graph_base_url=traveller.root(url), login_authority=traveller.public)
    with suppress(ProviderError):
        client.call(account(), "GET", url)


def upload_of_graph(traveller: Traveller, url: str) -> None:
    client = GraphClient(traveller.http(), graph_base_url=traveller.root(url), login_authority=traveller.public)
    with suppress(ProviderError):
        client.put_upload(url, b"x", content_range="bytes 0-0/1")


def sign_in_at_microsoft(traveller: Traveller, url: str) -> None:
    client = GraphClient(traveller.http(), graph_base_url=traveller.public, login_authority=traveller.root(url))
    with suppress(ProviderError):
        client.call(account(), "GET", "messages")


def own_webhook(traveller: Traveller, url: str) -> None:
    try_webhook(account(), http=traveller.http(), public_url=url, word="w")


def server_for_sending(traveller: Traveller, url: str) -> None:
    _mail_server(traveller).check(account=account(smtp_security="none", **_named("smtp", url)))


def server_for_reading(traveller: Traveller, url: str) -> None:
    with suppress(ProviderError):
        _mail_server(traveller).poll(account=account(imap_security="none", **_named("imap", url)), state={})


def _mail_server(traveller: Traveller) -> MailServerMail:
    return MailServerMail(allowed_networks=traveller.allowed, resolve=traveller.resolve)


def _named(which: str, url: str) -> dict[str, str]:
    """The host and port of a URL as somebody would type them, tricks included."""
    host, _, port = url.split("/")[2].rpartition(":")
    return {f"{which}_host": host.strip("[]"), f"{which}_port": port}


BY_HTTP: tuple[Way, ...] = (
    scenario_in_make,
    endpoint_of_callbacks,
    api_of_a_partner,
    picture_in_a_mail,
    push_of_a_browser,
    workflow_of_teams,
    address_of_fillout,
    address_of_pdok,
    media_of_whatsapp,
    media_of_twilio,
    file_of_a_form,
    next_page_of_twilio,
    next_link_of_graph,
    upload_of_graph,
    sign_in_at_microsoft,
    own_webhook,
)
BY_MAIL: tuple[Way, ...] = (server_for_sending, server_for_reading)
# What a provider gave us is called at that provider alone; the client's guard is only the second fence.
GIVEN_BY_PROVIDERS: tuple[Way, ...] = (
    media_of_whatsapp,
    media_of_twilio,
    next_page_of_twilio,
    next_link_of_graph,
    upload_of_graph,
)
