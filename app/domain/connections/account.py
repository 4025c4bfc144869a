"""Build the `ChannelAccount` of a channel, its secrets decrypted, for its adapter."""

from __future__ import annotations

import uuid

from app.contract.base import ChannelAccount
from app.core.db import transaction
from app.core.runtime import runtime
from app.domain.connections.actions import seal_secrets
from app.domain.connections.models import Channel
from app.domain.connections.queries import open_secrets


def account_of(channel: Channel) -> ChannelAccount:
    """Build the account of a channel. Its secrets are decrypted with the keyring of the running application, so call this only
    at the edge."""
    return ChannelAccount(
        id=str(channel.id),
        channel_type=channel.channel_type.value,
        name=channel.name,
        address=channel.address,
        settings=dict(channel.settings),
        secrets=open_secrets(channel, runtime().keyring),
    )


def keep_token_cache(channel_id: str, token_cache: str) -> None:
    """Store OAuth tokens among the channel's secrets, after a call to the provider has refreshed them. Opens its own
    transaction."""
    with transaction() as session:
        channel = session.get(Channel, uuid.UUID(channel_id), populate_existing=True, with_for_update=True)
        if channel is not None:
            secrets = {**open_secrets(channel, runtime().keyring), "token_cache": token_cache}
            seal_secrets(channel, secrets, keyring=runtime().keyring)
