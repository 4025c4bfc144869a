"""Make and read the key with which a phone encrypts its unsent actions. The caller owns the transaction.

A key is made once for each user and phone and never changes, so that after signing in again a user can read their own
actions on
the phone, and nobody else can.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.crypto import Keyring, UnableToDecrypt
from app.core.ids import new_id
from app.core.log import get_logger
from app.domain.field.models import PhoneKey

KEY_BYTES, MOST_PHONES = 32, 200
log = get_logger(__name__)


def phone_key(session: Session, *, user_id: uuid.UUID, device_id: uuid.UUID, keyring: Keyring, now: datetime) -> bytes | None:
    """Return the key of this user's phone. If there is no key, make one now.

    Return None if the key cannot be decrypted, or if the user has too many phones for a new key.
    """
    theirs = (PhoneKey.user_id == user_id, PhoneKey.device_id == device_id)
    row = session.execute(sa.select(PhoneKey).where(*theirs)).scalar_one_or_none()
    if row is None:
        _make(session, user_id, device_id, keyring, now)
        row = session.execute(sa.select(PhoneKey).where(*theirs)).scalar_one_or_none()
    if row is None:
        return None
    try:
        return keyring.decrypt(row.sealed_key, table=PhoneKey.__tablename__, column="sealed_key", row_id=row.id)
    except UnableToDecrypt as error:
        log.warning("phone_key_lost", user_id=str(user_id), reason=str(error))
        return None


def _make(session: Session, user_id: uuid.UUID, device_id: uuid.UUID, keyring: Keyring, now: datetime) -> None:
    """Add a key for the user's phone. Do nothing if the phone has a key by now, or if the user has too many phones."""
    count = session.execute(sa.select(sa.func.count()).where(PhoneKey.user_id == user_id)).scalar_one()
    if count >= MOST_PHONES:
        return
    row_id, key = new_id(), secrets.token_bytes(KEY_BYTES)
    sealed = keyring.encrypt(key, table=PhoneKey.__tablename__, column="sealed_key", row_id=row_id)
    values = {"id": row_id, "user_id": user_id, "device_id": device_id, "sealed_key": sealed, "created_at": now}
    session.execute(postgresql.insert(PhoneKey).values(values).on_conflict_do_nothing())
