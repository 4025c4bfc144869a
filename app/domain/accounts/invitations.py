"""Make and accept links by which a person sets a password, once: an invitation for three days, a reset (forgotten password)
for an hour.

A link is signed and kept nowhere. It carries a digest of the account's password, so choosing one ends every link of the account.
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
    """The link was used, has expired, or was not made by us."""


def make_invitation(user: User, *, secret_key: str, now: datetime, valid: timedelta = VALID) -> str:
    """Return the token of a link with which this person may set a password."""
    return str(_serializer(secret_key).dumps([user.id.hex, _state(user), int((now + valid).timestamp())]))


def invitation_url(user: User, *, public_url: str, secret_key: str, now: datetime) -> str:
    """Return the whole URL of an invitation."""
    return f"{public_url}/invitation/{make_invitation(user, secret_key=secret_key, now=now)}"


def get_invited(session: Session, token: str, *, secret_key: str, now: datetime, lock: bool = False) -> User:
    """Return the user whom the link invites. Raises InvitationGone."""
    try:
        user_id, state, until = _serializer(secret_key).loads(token)
        user = session.get(User, uuid.UUID(user_id), with_for_update=True if lock else None, populate_existing=lock)
    except (BadSignature, ValueError, TypeError, AttributeError) as error:
        raise InvitationGone from error
    if user is None or user.disabled_at is not None or _state(user) != state or now.timestamp() >= until:
        raise InvitationGone
    return user


def accept_invitation(session: Session, token: str, password: str, *, secret_key: str, now: datetime, ip: str | None) -> User:
    """Give the invited person this password. Raises InvitationGone, WeakPassword."""
    user = get_invited(session, token, secret_key=secret_key, now=now, lock=True)
    check_strength(password, about=(user.name, user.email))
    set_password(session, user, password, now=now, actor=Actor(user.id, ip))
    return user


def _state(user: User) -> str:
    return hashlib.sha256((user.password_hash or "").encode()).hexdigest()[:16]


def _serializer(secret_key: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret_key, salt="invitation v1")
