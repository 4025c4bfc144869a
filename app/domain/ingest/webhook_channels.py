"""Cache the channels' addresses and secrets for the authentication of webhooks."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from app.core.clock import utc_now
from app.core.crypto import Keyring
from app.core.db import autocommitted_session
from app.domain.connections.models import Channel, ChannelType
from app.domain.connections.queries import is_former_secret_valid, list_channels, open_secrets


@dataclass(frozen=True)
class DoorAccount:
    """A channel with the secrets that authenticate its webhooks.

    `secrets`: all signing secrets that are valid now; there are two during a rotation. `names`: the names that a post may
    use for the channel. `shared_key`: the secret of the provider's newer signature, "" if it has none.
    """

    channel_id: uuid.UUID
    address: str
    display_address: str
    secrets: tuple[str, ...] = field(repr=False)
    verify_token: str = field(repr=False, default="")
    url_key: str = field(repr=False, default="")
    shared_key: str = field(repr=False, default="")
    names: frozenset[str] = frozenset()


class DoorAccounts:
    """A cache of the active channels of one type. They are read again after `keep_seconds`, so that a post needs no query for
    them."""

    def __init__(self, channel_type: ChannelType) -> None:
        self._channel_type = channel_type
        self._read_at = 0.0
        self._accounts: tuple[DoorAccount, ...] = ()

    def read(self, keyring: Keyring, *, keep_seconds: float) -> tuple[DoorAccount, ...]:
        if time.monotonic() - self._read_at >= keep_seconds:
            # Over before the post is stored, so that one request never holds two connections.
            with autocommitted_session() as session:
                channels = list_channels(session, channel_type=self._channel_type, active_only=True)
            self._accounts = tuple(_account(c, open_secrets(c, keyring), now=utc_now()) for c in channels)
            self._read_at = time.monotonic()
        return self._accounts


def _account(channel: Channel, secrets: dict[str, str], *, now: datetime) -> DoorAccount:
    signing = ("signing_secret", *(("previous_signing_secret",) if is_former_secret_valid(channel, now=now) else ()))
    return DoorAccount(
        channel_id=channel.id,
        address=channel.address,
        display_address=channel.display_address,
        secrets=tuple(secrets[name] for name in signing if secrets.get(name)),
        verify_token=secrets.get("verify_token", ""),
        url_key=secrets.get("url_key", ""),
        shared_key=secrets.get("webhook_shared_key", ""),
        names=names_of(channel),
    )


def names_of(channel: Channel) -> frozenset[str]:
    """Return the names by which a provider's posts may call this channel."""
    also = (channel.settings.get(name) for name in ("messaging_service_sid", "sender_name"))
    return frozenset({channel.address, *(str(name) for name in also if name)})
