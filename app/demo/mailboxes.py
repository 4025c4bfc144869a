"""The demo's mailboxes that are not in Microsoft 365: where their simulated providers are, and what they must know.

A simulator has another address at each start. What its channels need of it stands in their settings, and so does, for the
Simulator page, where it can be controlled (`simulator_url`).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.channels.registry import EMAIL_SENDGRID, EMAIL_SMTP
from app.connections.actions import NewChannel, seal_secrets
from app.connections.models import Channel, ChannelType
from app.connections.queries import open_secrets
from app.core.crypto import Keyring
from app.core.http import HttpClient, HttpFailure
from app.core.ids import new_secret
from app.demo.waiting import LOOPBACK
from app.demo.world import SILENT, SimulatorAway

SENDGRID_KEY = "SG.simulated-key"


def simulated_mailboxes(brand_ids: Mapping[str, uuid.UUID]) -> list[NewChannel]:
    """One for each way to carry mail; the servers are named at each start."""
    line = {"smtp_security": "none", "imap_security": "none"}
    server = NewChannel(
        channel_type=ChannelType.EMAIL,
        name="RatioShop webshop",
        brand_id=brand_ids["ratioshop"],
        address="webshop@ratioshop.example",
        settings={"transport": "smtp", "is_simulated": True, "from_name": "RatioShop", **line},
        secrets={"password": new_secret()},
    )
    sendgrid = NewChannel(
        channel_type=ChannelType.EMAIL,
        name="ZaptecShop orders",
        brand_id=brand_ids["zaptecshop"],
        address="orders@zaptecshop.example",
        settings={"transport": "sendgrid", "is_simulated": True, "from_name": "ZaptecShop"},
        secrets={"api_key": SENDGRID_KEY, "url_key": new_secret()},
    )
    return [server, sendgrid]


def connect_mailboxes(
    session: Session, http: HttpClient, environ: Mapping[str, str], *, keyring: Keyring, public_url: str
) -> None:
    """Introduce the mailboxes and their simulators to each other; harmless to repeat. Raises SimulatorAway."""
    _connect_mail_server(session, http, _url(environ, "MAILSERVER"), keyring)
    _connect_sendgrid(session, http, _url(environ, "SENDGRID"), keyring, public_url)


def _url(environ: Mapping[str, str], name: str) -> str:
    port = environ.get(f"{name}_SIM_PORT", "")
    if not port:
        raise SimulatorAway(SILENT % {"why": "none"})
    return f"http://{LOOPBACK}:{port}"


def _connect_mail_server(session: Session, http: HttpClient, url: str, keyring: Keyring) -> None:
    channels = _simulated(session, EMAIL_SMTP)
    if not channels:
        return
    ports = _call(http, "GET", f"{url}/__sim/ports")
    accounts = [{"address": one.address, "password": open_secrets(one, keyring)["password"]} for one in channels]
    _call(http, "POST", f"{url}/__sim/config", {"accounts": accounts})
    line = {"smtp_host": LOOPBACK, "smtp_port": ports["smtp"], "imap_host": LOOPBACK, "imap_port": ports["imap"]}
    for channel in channels:
        channel.settings = {**channel.settings, **line, "simulator_url": url}


def _connect_sendgrid(session: Session, http: HttpClient, url: str, keyring: Keyring, public_url: str) -> None:
    """The simulator signs with a key it makes at each start."""
    for channel in _simulated(session, EMAIL_SENDGRID):
        kept = open_secrets(channel, keyring)
        inbound = f"{public_url}/webhooks/email/inbound/{kept['url_key']}"
        order = {"webhook_url": f"{public_url}/webhooks/sendgrid/events", "inbound_url": inbound}
        told = _call(http, "POST", f"{url}/__sim/config", order)
        seal_secrets(channel, {**kept, "signing_secret": told["public_key"]}, keyring=keyring)
        channel.settings = {**channel.settings, "simulator_url": url}


def mailboxes_elsewhere(session: Session) -> dict[str, str]:
    """{address: URL of its simulator} of every simulated mailbox that is not in Microsoft 365. One that was connected by hand has
    the same simulator as ours."""
    where, key = Channel.settings["simulator_url"].astext, Channel.adapter_key
    query = sa.select(Channel.address, key, where.label("url")).where(Channel.is_active, key.in_((EMAIL_SMTP, EMAIL_SENDGRID)))
    rows = session.execute(query).all()
    ours = {row.adapter_key: row.url for row in rows if row.url}
    return {row.address: url for row in rows if (url := row.url or ours.get(row.adapter_key))}


def _simulated(session: Session, key: str) -> list[Channel]:
    """The demo's own: one that somebody connected for real stays as it is."""
    query = sa.select(Channel).where(Channel.adapter_key == key, Channel.settings["is_simulated"].astext == "true")
    return list(session.execute(query).scalars())


def _call(http: HttpClient, method: str, url: str, body: Any = None) -> Any:
    try:
        return http.request(method, url, json=body).json()
    except (HttpFailure, ValueError) as error:
        raise SimulatorAway(SILENT % {"why": getattr(error, "kind", "bad_response")}) from error
