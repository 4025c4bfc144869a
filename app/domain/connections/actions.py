"""Create, change, switch and pause channels, and store their secrets and health. The caller owns the transaction."""

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
    """The channel was changed after the version that the writer saw."""


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
    """The values of a channel to change. `own`: new values of `name` and `display_address`. `settings` and `secrets`: new
    values by name. A setting with the value "" is removed."""

    own: Mapping[str, str]
    settings: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)


def create_channel(session: Session, new: NewChannel, *, keyring: Keyring, now: datetime, actor: Actor = SYSTEM) -> Channel:
    """Create a channel. Its secrets are encrypted so that they can be decrypted only for its row."""
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
    """Record the event `ChannelConnected`: the channel is in use from now on, or has new credentials."""
    payload = {"channel_id": str(channel.id)}
    record(session, "ChannelConnected", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)


def seal_secrets(channel: Channel, secrets: Mapping[str, str], *, keyring: Keyring) -> None:
    """Encrypt these secrets and store them in place of all the channel's present secrets."""
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
    """Change a channel. Values that are not given stay as they are. The caller has locked the channel's row.

    Raises `ChannelMovedOn` if the channel was changed since `seen_version`, the version that the writer saw. The former
    signing secret stays valid for `FORMER_SECRET_VALID`, because requests signed with it may still arrive.
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
    """Return the detail of the audit entry: the names of the changed fields by group ("own", "secrets", "settings"), and the
    new "version"."""
    own = [name for name, value in new.own.items() if getattr(channel, name) != value]
    settings = [name for name, value in new.settings.items() if str(channel.settings.get(name, "")) != value]
    return {"own": sorted(own), "secrets": sorted(new.secrets), "settings": sorted(settings), "version": channel.version + 1}


def choose_folders(session: Session, channel: Channel, folders: Mapping[str, str], *, now: datetime, actor: Actor) -> None:
    """Set which folders ({id: name}) of a mailbox are read in addition to the default folders. The caller has locked the
    channel."""
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
    """Store what the provider reports about a chat channel's phone number: {"quality", "limit", "throughput"}. Values that are
    not given stay as they are."""
    channel = session.get_one(Channel, channel_id, with_for_update=True, populate_existing=True)
    channel.settings = {**channel.settings, "number": {**channel.settings.get("number", {}), **said}}
    session.flush()


def _secrets_or_none(channel: Channel, keyring: Keyring) -> dict[str, str]:
    """Return the channel's secrets, or {} if they cannot be decrypted. So new credentials can still be stored."""
    try:
        return open_secrets(channel, keyring)
    except UnableToDecrypt:
        return {}


def switch_channel(session: Session, channel: Channel, *, active: bool, now: datetime, actor: Actor) -> None:
    """Switch a channel on or off. A channel that is off is not polled, receives no webhooks and cannot send."""
    if channel.is_active != active:
        channel.is_active = active
        action = "ChannelSwitchedOn" if active else "ChannelSwitchedOff"
        audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor)
        if active:
            announce_channel(session, channel, now=now)


def pause_channel(session: Session, channel: Channel, *, paused: bool, now: datetime, actor: Actor) -> None:
    """Pause sending of a channel, or resume it; receiving goes on. Resuming sends the messages that waited, in their order."""
    if (channel.paused_at is not None) != paused:
        channel.paused_at = now if paused else None
        action = "ChannelPaused" if paused else "ChannelResumed"
        audit(session, action=action, object_type="channel", object_id=str(channel.id), now=now, actor=actor)


def note_health(session: Session, channel: Channel, *, health: str, detail: str, now: datetime) -> None:
    """Store the health of a channel ("ok", "degraded" or "down") after a check or call; a change is recorded as an event."""
    changed = channel.health != health
    channel.health, channel.health_detail, channel.health_at = health, detail[:500], now
    if health == "ok":
        channel.degraded_since = None
    elif health == "degraded" and channel.trouble_since is None:
        channel.degraded_since = channel.degraded_since or now
    if changed:
        payload = {"channel_id": str(channel.id), "health": health}
        record(session, "ChannelHealthChanged", subject=Subject(brand_id=channel.brand_id), now=now, payload=payload)
