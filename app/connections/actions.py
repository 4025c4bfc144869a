"""Write channels: create, seal secrets, note health."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.connections.models import Channel, ChannelType
from app.core.crypto import Keyring
from app.core.ids import new_id
from app.events.actions import SYSTEM, Actor, Subject, audit, record


@dataclass(frozen=True)
class NewChannel:
    channel_type: ChannelType
    name: str
    brand_id: uuid.UUID
    address: str
    display_address: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def create_channel(session: Session, new: NewChannel, *, keyring: Keyring, now: datetime, actor: Actor = SYSTEM) -> Channel:
    """Add a channel; its secrets are sealed to its own row."""
    channel = Channel(
        id=new_id(),
        channel_type=new.channel_type,
        name=new.name,
        brand_id=new.brand_id,
        address=new.address,
        display_address=new.display_address or new.address,
        settings=new.settings,
        poll_state={},
        created_at=now,
    )
    session.add(channel)
    seal_secrets(channel, new.secrets, keyring=keyring)
    session.flush()
    audit(session, action="ChannelCreated", object_type="channel", object_id=str(channel.id), now=now, actor=actor)
    announce_channel(session, channel, now=now)
    return channel


def announce_channel(session: Session, channel: Channel, *, now: datetime) -> None:
    """Tell whoever reacts that this channel takes part from now on, or has new credentials."""
    payload = {"channel_id": str(channel.id)}
    record(session, "ChannelConnected", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)


def seal_secrets(channel: Channel, secrets: Mapping[str, str], *, keyring: Keyring) -> None:
    """Replace the channel's credentials."""
    plain = json.dumps(dict(secrets)).encode()
    channel.sealed_secrets = keyring.encrypt(plain, table="channels", column="sealed_secrets", row_id=str(channel.id))


def switch_channel(session: Session, channel: Channel, *, active: bool, now: datetime, actor: Actor) -> None:
    """Let a channel take part or rest. A resting one is neither polled nor let in at the webhook door, and cannot send."""
    if channel.is_active != active:
        channel.is_active = active
        action = "ChannelSwitchedOn" if active else "ChannelSwitchedOff"
        audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor)
        if active:
            announce_channel(session, channel, now=now)


def note_health(session: Session, channel: Channel, *, health: str, detail: str, now: datetime) -> None:
    """Keep what the last check or call said; a change of state is an event."""
    changed = channel.health != health
    channel.health, channel.health_detail, channel.health_at = health, detail[:500], now
    if changed:
        payload = {"channel_id": str(channel.id), "health": health}
        record(session, "ChannelHealthChanged", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)
