"""Store a sign-in at a provider (OAuth), encrypted, while the browser is at the provider. Return it, only once, when the
browser comes back."""

from __future__ import annotations

import hashlib
import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.domain.connections.models import SignIn

VALID = timedelta(minutes=15)


@dataclass(frozen=True)
class UnderWay:
    """A sign-in at a provider that is under way. `flow`: the adapter's own state. `entered`: the entered form of a new channel,
    or {} if `channel_id` is an existing channel."""

    user_id: uuid.UUID
    flow: dict[str, Any] = field(repr=False)
    entered: dict[str, Any] = field(default_factory=dict, repr=False)
    channel_id: uuid.UUID | None = None


def keep_sign_in(session: Session, one: UnderWay, *, keyring: Keyring, now: datetime) -> None:
    """Store a sign-in until `take_sign_in` is called with the `state` of its flow."""
    name = _hash(str(one.flow["state"]))
    plain = json.dumps({"flow": one.flow, "entered": one.entered}).encode()
    sealed = keyring.encrypt(plain, table="sign_ins", column="sealed", row_id=name)
    session.add(SignIn(state_hash=name, user_id=one.user_id, channel_id=one.channel_id, sealed=sealed, created_at=now))
    session.flush()


def take_sign_in(session: Session, state: str, *, user_id: uuid.UUID, keyring: Keyring, now: datetime) -> UnderWay | None:
    """Delete and return the sign-in that this user began with this state in the last 15 minutes, or return None if there is
    none."""
    mine = sa.and_(SignIn.state_hash == _hash(state), SignIn.user_id == user_id, SignIn.created_at > now - VALID)
    row = session.execute(sa.delete(SignIn).where(mine).returning(SignIn.state_hash, SignIn.channel_id, SignIn.sealed)).first()
    if row is None:
        return None
    opened = json.loads(keyring.decrypt(row.sealed, table="sign_ins", column="sealed", row_id=row.state_hash))
    return UnderWay(user_id, opened["flow"], opened["entered"], row.channel_id)


def _hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
