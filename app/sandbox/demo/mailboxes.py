"""List the demo's mailboxes outside Microsoft 365, and set up their simulated providers.

A simulator has another address at each start. The channels' settings contain that address, and `simulator_url`, where the
Simulator page controls the simulator.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.ids import new_secret
from app.domain.connections.actions import NewChannel, seal_secrets
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import open_secrets
from app.providers.sendgrid import KEY as EMAIL_SENDGRID
from app.providers.smtp import KEY as EMAIL_SMTP
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.simulator_client import Outside, simulator
from app.sandbox.demo.wait_for_simulators import LOOPBACK

SENDGRID_KEY = "SG.simulated-key"


def simulated_mailboxes(brand_ids: Mapping[str, uuid.UUID]) -> list[NewChannel]:
    """Return one mailbox for each transport besides Microsoft 365. Their server addresses are filled in at each start."""
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


def connect_mailboxes(session: Session, environ: Mapping[str, str], *, keyring: Keyring, public_url: str) -> None:
    """Configure the mailboxes with the simulators' addresses, and the simulators with ours. Can be repeated. Raises
    SimulatorAway."""
    _connect_mail_server(session, simulator("mailserver", environ), keyring)
    _connect_sendgrid(session, simulator("sendgrid", environ), keyring, public_url)


def _connect_mail_server(session: Session, server: Outside, keyring: Keyring) -> None:
    """Configure the simulated mail server with the mailboxes, and with one account that is no channel yet."""
    channels = _simulated(session, EMAIL_SMTP)
    accounts = [{"address": one.address, "password": open_secrets(one, keyring)["password"]} for one in channels]
    accounts.append({"address": unconnected_accounts.AT_SERVER, "password": unconnected_accounts.SERVER_PASSWORD})
    server.call("POST", "/__sim/config", {"accounts": accounts})
    ports = server.call("GET", "/__sim/ports")
    line = {"smtp_host": LOOPBACK, "smtp_port": ports["smtp"], "imap_host": LOOPBACK, "imap_port": ports["imap"]}
    for channel in channels:
        channel.settings = {**channel.settings, **line, "simulator_url": server.url}


def _connect_sendgrid(session: Session, sendgrid: Outside, keyring: Keyring, public_url: str) -> None:
    """Configure SendGrid's simulator with our addresses, and the channels with the signing key that it makes at each start."""
    for channel in _simulated(session, EMAIL_SENDGRID):
        kept = open_secrets(channel, keyring)
        inbound = f"{public_url}/webhooks/email/inbound/{kept['url_key']}"
        order = {"webhook_url": f"{public_url}/webhooks/sendgrid/events", "inbound_url": inbound}
        told = sendgrid.call("POST", "/__sim/config", order)
        seal_secrets(channel, {**kept, "signing_secret": told["public_key"]}, keyring=keyring)
        channel.settings = {**channel.settings, "simulator_url": sendgrid.url}


def mailboxes_elsewhere(session: Session) -> dict[str, str]:
    """Return {address: URL of its simulator} of every simulated mailbox that is not in Microsoft 365.

    A mailbox that was connected by hand has the same simulator as the demo's own.
    """
    where, key = Channel.settings["simulator_url"].astext, Channel.adapter_key
    query = sa.select(Channel.address, key, where.label("url")).where(Channel.is_active, key.in_((EMAIL_SMTP, EMAIL_SENDGRID)))
    rows = session.execute(query).all()
    ours = {row.adapter_key: row.url for row in rows if row.url}
    return {row.address: url for row in rows if (url := row.url or ours.get(row.adapter_key))}


def _simulated(session: Session, key: str) -> list[Channel]:
    """Return the demo's own channels of this adapter; one that somebody connected for real is left out."""
    query = sa.select(Channel).where(Channel.adapter_key == key, Channel.settings["is_simulated"].astext == "true")
    return list(session.execute(query).scalars())
