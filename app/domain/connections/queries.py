"""Read channels, and decrypt their secrets."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.domain.connections.models import MEDIUM_OF, Channel, ChannelType, Medium
from app.domain.events.models import AuditEntry

# Among the settings: until when the former signing secret counts.
FORMER_SIGNATURE_UNTIL = "former_signing_until"


class ChannelMissing(Exception):
    """There is no such channel, or the viewer may not see it."""


def get_channel(session: Session, channel_id: uuid.UUID) -> Channel:
    """Return the channel. Raises ChannelMissing."""
    channel = session.get(Channel, channel_id)
    if channel is None:
        raise ChannelMissing(str(channel_id))
    return channel


def get_visible_channel(session: Session, channel_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID]) -> Channel:
    """Return the channel if it belongs to one of these brands, else raise ChannelMissing."""
    channel = get_channel(session, channel_id)
    if channel.brand_id not in brand_ids:
        raise ChannelMissing(str(channel_id))
    return channel


def list_changed_since(session: Session, channel_id: uuid.UUID, version: int) -> list[str]:
    """List the names of a channel's fields that changed after this version, secrets included, in alphabetical order."""
    about = sa.and_(AuditEntry.object_type == "channel", AuditEntry.object_id == str(channel_id))
    later = AuditEntry.detail["version"].as_integer() > version
    query = sa.select(AuditEntry.detail).where(about, AuditEntry.action == "ChannelChanged", later)
    details = session.execute(query).scalars()
    return sorted({name for one in details for part in ("own", "settings", "secrets") for name in one.get(part, ())})


def find_channel_by_name(session: Session, name: str) -> Channel | None:
    return session.execute(sa.select(Channel).where(Channel.name == name)).scalar_one_or_none()


def find_taken(
    session: Session, channel_type: ChannelType, name: str, address: str, *, other_than: uuid.UUID | None
) -> frozenset[str]:
    """Return which of "name" and "address" another channel already uses. An address counts only among channels of the same
    type."""
    same_account = sa.and_(Channel.channel_type == channel_type, Channel.address == address)
    query = sa.select((Channel.name == name).label("name"), same_account.label("address"))
    query = query.where(sa.or_(Channel.name == name, same_account))
    if other_than is not None:
        query = query.where(Channel.id != other_than)
    rows = session.execute(query).mappings().all()
    return frozenset(word for row in rows for word, is_taken in row.items() if is_taken)


def list_channels(
    session: Session,
    *,
    channel_type: ChannelType | None = None,
    active_only: bool = False,
    brand_ids: Sequence[uuid.UUID] | None = None,
) -> list[Channel]:
    """List channels by name. `brand_ids` limits the list to channels a viewer may see."""
    query = sa.select(Channel).order_by(Channel.name)
    if channel_type is not None:
        query = query.where(Channel.channel_type == channel_type)
    if active_only:
        query = query.where(Channel.is_active)
    if brand_ids is not None:
        query = query.where(Channel.brand_id.in_(brand_ids))
    return list(session.execute(query).scalars())


def own_mail_addresses(session: Session) -> frozenset[str]:
    """Return the lower-case addresses of all our mailboxes. Mail from one of them is ours, not a contact's."""
    mail_types = [kind for kind, medium in MEDIUM_OF.items() if medium == Medium.EMAIL]
    rows = session.execute(sa.select(Channel.address, Channel.display_address).where(Channel.channel_type.in_(mail_types))).all()
    return frozenset(value.lower() for row in rows for value in row if value)


def open_secrets(channel: Channel, keyring: Keyring) -> dict[str, str]:
    """Return the channel's decrypted credentials by name, or {} if it has none. Raises `UnableToDecrypt`."""
    if channel.sealed_secrets is None:
        return {}
    opened = keyring.decrypt(channel.sealed_secrets, table="channels", column="sealed_secrets", row_id=str(channel.id))
    secrets: dict[str, str] = json.loads(opened)
    return secrets


def is_former_secret_valid(channel: Channel, *, now: datetime) -> bool:
    """Return whether the former signing secret is still accepted. Without a stored end time it is."""
    until = channel.settings.get(FORMER_SIGNATURE_UNTIL)
    return until is None or now < datetime.fromisoformat(until)
