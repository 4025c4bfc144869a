"""Configure the simulated providers for the demo's channels: addresses to call, secrets, recent senders."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.config import Settings
from app.core.crypto import Keyring
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import list_channels, open_secrets
from app.domain.contacts.models import ContactIdentity
from app.domain.threads.models import Thread
from app.sandbox.demo import unconnected_accounts
from app.sandbox.demo.channels import WABA, WHATSAPP_TOKEN
from app.sandbox.demo.simulator_state import World


def connect_simulators(session: Session, world: World, *, keyring: Keyring, settings: Settings, now: datetime) -> None:
    """Configure the simulators of chat and mail with the channels and the open windows. Can be repeated. Raises SimulatorAway."""
    numbers = list_channels(session, channel_type=ChannelType.WHATSAPP_BUSINESS)
    mailboxes = list_channels(session, channel_type=ChannelType.EMAIL_OUTLOOK)
    if numbers:
        world.configure_chat(_chat_config(numbers, keyring, settings))
        world.open_windows(_open_windows(session, now))
    for channel in mailboxes:
        _forget_former_simulator(channel, settings.provider_settings["GRAPH_BASE_URL"])
    world.configure_mail({"mailboxes": [channel.address for channel in mailboxes], "notify": True})


def _forget_former_simulator(channel: Channel, mail_url: str) -> None:
    """Drop a mailbox's polling state if it has links to another address, where an earlier simulator ran. Nobody answers there
    now."""
    links = [folder.get("link") for folder in channel.poll_state.get("folders", {}).values()]
    if any(link and not link.startswith(f"{mail_url}/") for link in links):
        channel.poll_state = {}


def _chat_config(numbers: list[Channel], keyring: Keyring, settings: Settings) -> dict[str, Any]:
    secrets = open_secrets(numbers[0], keyring)
    return {
        "webhook_url": f"{settings.public_url}/webhooks/whatsapp",
        "app_secret": secrets["signing_secret"],
        "verify_token": secrets["verify_token"],
        "access_token": WHATSAPP_TOKEN,
        "numbers": _numbers(numbers),
    }


def _numbers(channels: list[Channel]) -> list[dict[str, str]]:
    """Return the simulated numbers: those of the channels, and one that is not connected."""
    number = unconnected_accounts.NUMBER_ID
    shown = "".join(c for c in unconnected_accounts.NUMBER if c.isdigit())
    more = {"phone_number_id": number, "display_phone_number": shown, "waba_id": WABA, "verified_name": "ChargeCars"}
    found = {channel.address: _number(channel) for channel in channels}
    return list((found | {number: more} | found).values())


def _number(channel: Channel) -> dict[str, str]:
    return {
        "phone_number_id": channel.address,
        "display_phone_number": "".join(c for c in channel.display_address if c.isdigit()),
        "waba_id": WABA,
        "verified_name": channel.name,
    }


def _open_windows(session: Session, now: datetime) -> list[dict[str, str]]:
    rows = session.execute(
        sa.select(ContactIdentity.value, Thread.window_opened_at, Channel.address)
        .join(Thread, Thread.contact_id == ContactIdentity.contact_id)
        .join(Channel, Channel.id == Thread.channel_id)
        .where(ContactIdentity.kind == "wa_id", Thread.window_opened_at > now - timedelta(hours=24))
    ).all()
    return [{"wa_id": r.value, "at": r.window_opened_at.isoformat(), "phone_number_id": r.address} for r in rows]
