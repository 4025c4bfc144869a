"""Introduce the demo's channels to the simulated providers: whom to call, with which secrets."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.config import Settings
from app.connections.models import Channel, ChannelType
from app.connections.queries import list_channels, open_secrets
from app.core.crypto import Keyring
from app.core.http import HttpClient, HttpFailure
from app.demo.load import WABA, WHATSAPP_TOKEN


class SimulatorAway(Exception):
    """A simulated provider does not answer."""


def connect_simulators(session: Session, *, keyring: Keyring, http: HttpClient, settings: Settings) -> None:
    """Tell both simulators about the channels. Harmless to repeat. Raises SimulatorAway."""
    numbers = list_channels(session, channel_type=ChannelType.WHATSAPP_BUSINESS)
    mailboxes = list_channels(session, channel_type=ChannelType.EMAIL_OUTLOOK)
    if numbers:
        _configure(http, settings.whatsapp_base_url, _chat_config(numbers, keyring, settings))
    _configure(http, settings.graph_base_url, {"mailboxes": [c.address for c in mailboxes]})


def _chat_config(numbers: list[Channel], keyring: Keyring, settings: Settings) -> dict[str, Any]:
    secrets = open_secrets(numbers[0], keyring)
    return {
        "webhook_url": f"{settings.public_url}/webhooks/whatsapp",
        "app_secret": secrets["signing_secret"],
        "verify_token": secrets["verify_token"],
        "access_token": WHATSAPP_TOKEN,
        "numbers": [
            {
                "phone_number_id": c.address,
                "display_phone_number": "".join(d for d in c.display_address if d.isdigit()),
                "waba_id": WABA,
                "verified_name": c.name,
            }
            for c in numbers
        ],
    }


def _configure(http: HttpClient, base_url: str, config: dict[str, Any]) -> None:
    try:
        answer = http.request("POST", f"{base_url}/__sim/config", json=config)
    except HttpFailure as error:
        raise SimulatorAway(f"{base_url} does not answer ({error.kind})") from error
    if answer.status >= 300:
        raise SimulatorAway(f"{base_url} answers {answer.status}: {answer.text[:200]}")
