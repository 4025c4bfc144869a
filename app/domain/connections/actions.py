"""Write channels: create, change, switch, pause, seal secrets, note health."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.core.crypto import Keyring, UnableToDecrypt
from app.core.ids import new_id
from app.domain.connections.models import CHOSEN_FOLDERS, CHOSEN_SINCE, Channel, ChannelType
from app.domain.connections.queries import FORMER_SIGNATURE_UNTIL, open_secrets
from app.domain.events.actions import SYSTEM, Actor, Subject, audit, record

FORMER_SECRET_VALID = timedelta(days=7)  # for as long WhatsApp repeats what it could not bring


class ChannelMovedOn(Exception):
    """Somebody changed the channel after the version the writer saw."""


@dataclass(frozen=True)
class NewChannel:
    channel_type: ChannelType
    name: str
    brand_id: uuid.UUID
    address: str
    display_address: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ChangedChannel:
    """`own`: name and display_address, where they change. `settings`: "" takes one away."""

    own: Mapping[str, str]
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


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
    """Record the event that this channel takes part from now on, or has new credentials."""
    payload = {"channel_id": str(channel.id)}
    record(session, "ChannelConnected", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)


def seal_secrets(channel: Channel, secrets: Mapping[str, str], *, keyring: Keyring) -> None:
    """Replace the channel's credentials."""
    plain = json.dumps(dict(secrets)).encode()
    channel.sealed_secrets = keyring.encrypt(plain, table="channels", column="sealed_secrets", row_id=str(channel.id))


def change_channel(
    session: Session,
    channel: Channel,
    new: ChangedChannel,
    *,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    seen_version: int | None = None,
) -> None:
    """Change a channel; what is not named stays. The caller holds its row. `seen_version`: what the writer had before them.

    Raises ChannelMovedOn where somebody changed it since.

    A former signing secret stays valid at the door for `FORMER_SECRET_VALID`: what was signed with it may be under way.
    """
    if seen_version not in (None, channel.version):
        raise ChannelMovedOn(str(channel.id))
    detail = _changes(channel, new)
    for column, value in new.own.items():
        setattr(channel, column, value)
    settings = {**channel.settings, **new.settings}
    if new.secrets:
        former = _secrets_or_none(channel, keyring)
        signing = former.get("signing_secret", "")
        if signing and new.secrets.get("signing_secret", signing) != signing:
            former["previous_signing_secret"] = signing
            settings[FORMER_SIGNATURE_UNTIL] = (now + FORMER_SECRET_VALID).isoformat()
        elif "previous_signing_secret" in new.secrets:
            settings.pop(FORMER_SIGNATURE_UNTIL, None)  # entered by somebody who knows: no end
        seal_secrets(channel, {**former, **new.secrets}, keyring=keyring)
    channel.settings = {name: value for name, value in settings.items() if value != ""}
    channel.version += 1
    audit(session, action="ChannelChanged", object_type="channel", object_id=str(channel.id), now=now, actor=actor, detail=detail)
    session.flush()
    if channel.is_active:
        announce_channel(session, channel, now=now)


def _changes(channel: Channel, new: ChangedChannel) -> dict[str, Any]:
    """Return the names of the changed fields, and the new version."""
    own = [name for name, value in new.own.items() if getattr(channel, name) != value]
    settings = [name for name, value in new.settings.items() if str(channel.settings.get(name, "")) != value]
    return {"own": sorted(own), "secrets": sorted(new.secrets), "settings": sorted(settings), "version": channel.version + 1}


def choose_folders(session: Session, channel: Channel, folders: Mapping[str, str], *, now: datetime, actor: Actor) -> None:
    """Follow exactly these folders ({id: name}) of a mailbox besides its usual ones. The caller holds the channel's row."""
    if channel.settings.get(CHOSEN_FOLDERS, {}) == dict(folders):
        return
    known = channel.settings.get(CHOSEN_SINCE, {})
    since = {folder: known.get(folder, now.isoformat()) for folder in folders}
    channel.settings = {**channel.settings, CHOSEN_FOLDERS: dict(folders), CHOSEN_SINCE: since}
    channel.version += 1
    detail = {"own": [], "secrets": [], "settings": [CHOSEN_FOLDERS], "version": channel.version}
    audit(session, action="ChannelChanged", object_type="channel", object_id=str(channel.id), now=now, actor=actor, detail=detail)
    session.flush()
    if channel.is_active:
        announce_channel(session, channel, now=now)


def note_number(session: Session, channel_id: uuid.UUID, said: Mapping[str, str]) -> None:
    """Store what the provider says of a chat's number: {"quality", "limit", "throughput"}; what is missing stays."""
    channel = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
    channel.settings = {**channel.settings, "number": {**channel.settings.get("number", {}), **said}}
    session.flush()


def _secrets_or_none(channel: Channel, keyring: Keyring) -> dict[str, str]:
    """Return the channel's secrets; none where the key that sealed them is gone, so that new credentials can mend it."""
    try:
        return open_secrets(channel, keyring)
    except UnableToDecrypt:
        return {}


def switch_channel(session: Session, channel: Channel, *, active: bool, now: datetime, actor: Actor) -> None:
    """Switch a channel on or off. One that is off is neither polled nor let in at the webhook door, and cannot send."""
    if channel.is_active != active:
        channel.is_active = active
        action = "ChannelSwitchedOn" if active else "ChannelSwitchedOff"
        audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor)
        if active:
            announce_channel(session, channel, now=now)


def pause_channel(session: Session, channel: Channel, *, paused: bool, now: datetime, actor: Actor) -> None:
    """Pause sending of a channel, or resume it; it receives in either case. What waited is then sent in its order."""
    if (channel.paused_at is not None) != paused:
        channel.paused_at = now if paused else None
        action = "ChannelPaused" if paused else "ChannelResumed"
        audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor)


def note_health(session: Session, channel: Channel, *, health: str, detail: str, now: datetime) -> None:
    """Store the result of the last check or call; a change of state is recorded as an event."""
    changed = channel.health != health
    channel.health, channel.health_detail, channel.health_at = health, detail[:500], now
    if health == "ok":
        channel.degraded_since = None
    elif health == "degraded" and channel.trouble_since is None:
        channel.degraded_since = channel.degraded_since or now
    if changed:
        payload = {"channel_id": str(channel.id), "health": health}
        record(session, "ChannelHealthChanged", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)
