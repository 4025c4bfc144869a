"""Make and accept links with which a person sets a password, once: an invitation for three days, a reset for an hour.

A reset is for a forgotten password. A link is signed and not stored. It includes a digest of the account's current password
hash, so a new password ends every link of the account.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.orm import Session

from app.domain.accounts.actions import set_password
from app.domain.accounts.models import User
from app.domain.accounts.passwords import check_strength
from app.domain.events.actions import Actor

VALID, VALID_FORGOTTEN = timedelta(days=3), timedelta(hours=1)


class InvitationGone(Exception):
    """Raised when the link was used, has expired, or was not made by us, or its user is disabled."""


def make_invitation(user: User, *, secret_key: str, now: datetime, valid: timedelta = VALID) -> str:
    """Return the token for a link with which this user may set a password. It is valid for `valid` from now."""
    return str(_serializer(secret_key).dumps([user.id.hex, _state(user), int((now + valid).timestamp())]))


def invitation_url(user: User, *, public_url: str, secret_key: str, now: datetime) -> str:
    """Return the full URL of an invitation for this user."""
    return f"{public_url}/invitation/{make_invitation(user, secret_key=secret_key, now=now)}"


def get_invited(session: Session, token: str, *, secret_key: str, now: datetime, lock: bool = False) -> User:
    """Return the user for whom the link was made, with their row locked if `lock`. Raises `InvitationGone`."""
    try:
        user_id, state, until = _serializer(secret_key).loads(token)
        user = session.get(User, uuid.UUID(user_id), with_for_update=True if lock else None, populate_existing=lock)
    except (BadSignature, ValueError, TypeError, AttributeError) as error:
        raise InvitationGone from error
    if user is None or user.disabled_at is not None or _state(user) != state or now.timestamp() >= until:
        raise InvitationGone
    return user


def accept_invitation(session: Session, token: str, password: str, *, secret_key: str, now: datetime, ip: str | None) -> User:
    """Set the password that the invited user chose, and return the user. Raises `InvitationGone`, `WeakPassword`."""
    user = get_invited(session, token, secret_key=secret_key, now=now, lock=True)
    check_strength(password, about=(user.name, user.email))
    set_password(session, user, password, now=now, actor=Actor(user.id, ip))
    return user


def _state(user: User) -> str:
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()[:16]


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="invitation v1")
