"""Data classes for applying inbound items: context, precheck, result."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime

from app.contract.base import Direction, InboundMessage, Party
from app.core.storage import Storage
from app.core.text import storable
from app.domain.connections.models import Channel
from app.domain.contacts.actions import IdentityInput, normalise_identity
from app.domain.contacts.models import Contact

Key = tuple[str, str, str]  # kind, scope and value of an identity


def key_of(identity: IdentityInput) -> Key:
    return identity.kind, identity.scope, identity.value


@dataclass(frozen=True)
class ItemResult:
    """The result of applying one inbound item.

    `result`: threaded | new | automatic | bounce | duplicate | changed | ignored | held | report | address | notice |
    quarantined; readers of integrations add others, such as "test".
    """

    result: str
    thread_id: uuid.UUID | None = None
    message_id: uuid.UUID | None = None
    reason: str = ""

    def as_json(self) -> dict[str, str | None]:
        return {k: str(v) if v is not None else None for k, v in asdict(self).items()}


@dataclass(frozen=True)
class Precheck:
    """What is stored already for a batch of messages, as `prepare` found it.

    `messages`: the external ids of stored messages. `changed`: the external ids of messages for which a change waits.
    `people`: the identities of known contacts. `blocked`: the identities of blocked senders. `created`: the new contacts of
    unknown senders, by their most trusted identity.
    """

    messages: frozenset[str]
    changed: frozenset[str]
    people: frozenset[Key]
    blocked: frozenset[Key]
    created: Mapping[Key, Contact] = field(default_factory=dict)

    def is_stranger(self, identities: Sequence[IdentityInput]) -> bool:
        return self.people.isdisjoint(map(key_of, identities))

    def is_unblocked(self, identities: Sequence[IdentityInput]) -> bool:
        return self.blocked.isdisjoint(map(key_of, identities))


@dataclass(frozen=True)
class ApplyContext:
    """The channel, event, time, storage and keys that are needed to apply an inbound item."""

    channel: Channel
    event_id: uuid.UUID
    now: datetime
    storage: Storage = field(repr=False)
    mail_keys: Sequence[bytes] = field(repr=False, default=())
    own_addresses: frozenset[str] = frozenset()
    raw_mail: bytes | None = field(repr=False, default=None)
    precheck: Precheck | None = None  # where the message is the only one of its event


def counterpart(message: InboundMessage, own_addresses: frozenset[str]) -> Party:
    """Return the other side of a message: the sender of an incoming message, or the first recipient of our own message who is
    not us."""
    if message.direction == Direction.INCOMING:
        return message.sender
    others = [p for p in (*message.recipients, *message.cc) if p.address().lower() not in own_addresses]
    return others[0] if others else Party()


def identities_of(party: Party) -> list[IdentityInput]:
    """Return the usable identities of a party, normalised as they are stored, most trusted first."""
    normalised = (normalise_identity(i.kind.value, storable(i.value), i.scope) for i in party.identities)
    return [i for i in normalised if i is not None]
