"""Ask a provider whether a channel works, and keep its answer."""

from __future__ import annotations

import uuid

from app.channels.base import ChannelAccount, Health
from app.channels.kinds import kind_key
from app.connections.actions import note_health
from app.connections.models import Channel
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.text import known
from app.delivery.account import account_of
from app.delivery.gate import Gate
from app.events.actions import SYSTEM, Actor, audit

CLOSED = known("The stored credentials cannot be opened: %(why)s")


def check_channel(channel: Channel, *, actor: Actor = SYSTEM) -> Health | None:
    """Return what the provider says, None for a type that has nobody to ask. For edges; holds no transaction meanwhile."""
    try:
        health = ask_provider(account_of(channel))
    except UnableToDecrypt as error:
        health = Health(False, CLOSED % {"why": error})
    if health is not None:
        _keep(channel.id, health, actor)
        if health.ok:
            open_gate(channel)
    return health


def open_gate(channel: Channel) -> None:
    """It works: what rested goes on."""
    Gate(runtime().redis, channel.id, channel.channel_type.value).note_success()


def ask_provider(account: ChannelAccount) -> Health | None:
    """What the provider says of this account, which need not be a channel yet; None for a type that has nobody to ask."""
    checker = runtime().adapters.checkers.get(kind_key(account.channel_type, account.settings))
    return checker.check(account=account) if checker else None


def _keep(channel_id: uuid.UUID, health: Health, actor: Actor) -> None:
    with transaction() as session:
        channel = session.get_one(Channel, channel_id, populate_existing=True)
        note_health(session, channel, health="ok" if health.ok else "down", detail=health.detail, now=utc_now())
        detail = {"ok": health.ok}
        audit(
            session,
            action="ChannelChecked",
            object_type="channel",
            object_id=str(channel_id),
            now=utc_now(),
            actor=actor,
            detail=detail,
        )
