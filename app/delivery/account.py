"""A channel as its adapter sees it, secrets opened."""

from __future__ import annotations

from app.channels.base import ChannelAccount
from app.connections.models import Channel
from app.connections.queries import open_secrets
from app.core.runtime import runtime


def account_of(channel: Channel) -> ChannelAccount:
    """For edges: takes the keyring from the running application."""
    return ChannelAccount(
        id=str(channel.id),
        channel_type=channel.channel_type.value,
        name=channel.name,
        address=channel.address,
        settings=dict(channel.settings),
        secrets=open_secrets(channel, runtime().keyring),
    )
