"""Ask the provider whether a channel works, and store the answer."""

from __future__ import annotations

import uuid

from app.contract.base import ChannelAccount
from app.contract.health import Health
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import transaction
from app.core.runtime import runtime
from app.core.text import known
from app.domain.connections.account import account_of
from app.domain.connections.actions import note_health, note_number
from app.domain.connections.models import Channel
from app.domain.connections.provider_reads import gate_of
from app.domain.events.actions import SYSTEM, Actor, Subject, audit, record
from app.providers.registry import kind_key

CLOSED = known("We cannot read the stored credentials: %(why)s")


def check_channel(channel: Channel, *, actor: Actor = SYSTEM) -> Health | None:
    """Ask the provider whether a channel works. Store the answer and return it, or return None for a type without such a check.

    Call it only at the edge; no transaction is open while the provider is asked.
    """
    try:
        health = ask_provider(account_of(channel))
    except UnableToDecrypt as error:
        health = Health(False, CLOSED % {"why": error})
    if health is not None:
        _keep(channel.id, health, actor)
        if health.ok:
            open_gate(channel)
            runtime().nudger.nudge()
    return health


def ask_provider(account: ChannelAccount) -> Health | None:
    """Return the provider's answer whether an account works, or None for a type without such a check. The account may be one
    that is not a channel yet."""
    checker = runtime().adapters.checkers.get(kind_key(account.channel_type, account.settings))
    return checker.check(account=account) if checker else None


def open_gate(channel: Channel) -> None:
    """Open the gate of a channel that works again, so that waiting calls go on."""
    gate_of(channel).open()


def _keep(channel_id: uuid.UUID, health: Health, actor: Actor) -> None:
    with transaction() as session:
        channel = session.get_one(Channel, channel_id, populate_existing=True)
        state = "ok" if health.ok else "degraded" if health.passes else "down"
        note_health(session, channel, health=state, detail=health.detail, now=utc_now())
        if health.ok:  # no poll rests any more, and what was put back for later is tried now
            channel.poll_rests_until = None
            about_channel = Subject(brand_id=channel.brand_id)
            record(session, "ChannelAnswered", subject=about_channel, now=utc_now(), payload={"channel_id": str(channel_id)})
        if health.number:
            note_number(session, channel_id, health.number)
        told, about = {"ok": health.ok}, str(channel_id)
        audit(session, action="ChannelChecked", object_type="channel", object_id=about, now=utc_now(), actor=actor, detail=told)
