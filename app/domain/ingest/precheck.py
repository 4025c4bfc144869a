"""For a batch of messages, look up what is stored already, and create contacts for unknown senders. This saves queries per
message.

The result is valid while the caller holds the locks of the messages (`lock_keys`), and only if each message is the only one
of its event. An earlier message of the same event could create rows that a later message has to find.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.base import InboundMessage
from app.core.text import storable
from app.domain.contacts.actions import create_contacts
from app.domain.contacts.models import Contact, ContactIdentity
from app.domain.ingest.context import Key, Precheck, counterpart, identities_of, key_of
from app.domain.threads.models import Message, PendingChange
from app.domain.threads.spam_models import BlockedSender


def prepare(session: Session, messages: Collection[InboundMessage], *, own_addresses: frozenset[str], now: datetime) -> Precheck:
    """Return what is stored already for these messages, and create the contacts that are missing. No two messages may have an
    identity in common.

    It takes six statements, however many messages there are.
    """
    names = sa.any_(sa.literal([storable(message.external_id) for message in messages], sa.ARRAY(sa.Text)))
    keys = sorted({key_of(one) for message in messages for one in identities_of(counterpart(message, own_addresses))})
    stored = sa.select(Message.external_id).where(Message.external_id == names)
    changed = sa.select(PendingChange.target_external_id).where(PendingChange.target_external_id == names)
    precheck = Precheck(
        frozenset(name for name in session.execute(stored).scalars() if name is not None),
        frozenset(session.execute(changed).scalars()),
        _found(session, ContactIdentity, keys),
        _found(session, BlockedSender, keys),
    )
    return replace(precheck, created=_create_strangers(session, messages, precheck, own_addresses, now))


def _create_strangers(
    session: Session, messages: Collection[InboundMessage], precheck: Precheck, own_addresses: frozenset[str], now: datetime
) -> dict[Key, Contact]:
    wanted = []
    for message in messages:
        party = counterpart(message, own_addresses)
        identities = identities_of(party)
        is_new_chat = message.evidence is None and storable(message.external_id) not in precheck.messages
        if is_new_chat and identities and precheck.is_stranger(identities):
            wanted.append((storable(party.name)[:200], identities))
    created = create_contacts(session, wanted, now=now)
    return {key_of(identities[0]): contact for contact, (_name, identities) in zip(created, wanted, strict=True)}


def _found(session: Session, kind: type[ContactIdentity | BlockedSender], keys: Sequence[Key]) -> frozenset[Key]:
    columns = (kind.kind, kind.scope, kind.value)
    rows = session.execute(sa.select(*columns).where(sa.tuple_(*columns).in_(keys))) if keys else ()
    return frozenset((row.kind, row.scope, row.value) for row in rows)
