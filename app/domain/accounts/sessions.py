"""Open, find and end login sessions. A browser has the token of its session; the row has the hash of this token.

A session ends when it is unused for too long, too old (`LIMITS`), revoked or signed out. It also ends when the user gets a
new password or is disabled.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id, new_secret
from app.core.prepared import KEPT
from app.domain.accounts.access import visible_brands
from app.domain.accounts.models import Role, User, UserSession


@dataclass(frozen=True)
class Limits:
    """How long a session lasts: at most `idle` without use, and at most `absolute` in total."""

    idle: timedelta
    absolute: timedelta


LIMITS = Limits(timedelta(hours=8), timedelta(days=7))
# Of a technician, who has to be signed in still in a cellar in the morning. A lost phone is closed from the office.
ON_THE_ROAD = Limits(timedelta(hours=72), timedelta(days=30))
LONGEST = max(LIMITS.absolute, ON_THE_ROAD.absolute)


def limits_of(role: Role) -> Limits:
    """Return how long a session of a user with this role lasts."""
    return ON_THE_ROAD if role == Role.TECHNICIAN else LIMITS


def find_session(session: Session, token: str, *, now: datetime) -> Any:
    """Return a row for the session of this token: `session_id`, `last_seen_at`, `user_id`, VIEWER_FIELDS, `brand_ids`.

    Return None if the session is not valid.
    """
    return session.execute(_LOOKUP, {"hash": _hash(token), "now": now}).one_or_none()


def was_ended(session: Session, token: str) -> bool:
    """Return whether the session of this token was revoked, or its user was disabled. For a session that only expired, return
    False."""
    query = sa.select(UserSession.id).join(User, User.id == UserSession.user_id).where(UserSession.token_hash == _hash(token))
    ended = sa.or_(UserSession.revoked_at.is_not(None), User.disabled_at.is_not(None))
    return session.execute(query.where(ended)).first() is not None


def _counts() -> sa.ColumnElement[bool]:
    """Return the condition for a query over sessions joined with users: the session is valid at the bound parameter `:now`."""
    now = sa.bindparam("now", type_=sa.DateTime(timezone=True))
    idle = sa.case((User.role == Role.TECHNICIAN, sa.literal(ON_THE_ROAD.idle)), else_=sa.literal(LIMITS.idle))
    return sa.and_(
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > now,
        UserSession.last_seen_at + idle > now,
        User.disabled_at.is_(None),
    )


_LOOKS = (User.locale, User.timezone, User.theme, User.density, User.after_closing, User.single_keys, User.undo_send_seconds)
VIEWER_FIELDS = (User.contact_id, User.name, User.email, User.role, *_LOOKS, User.rail_order, User.rail_hidden)
_LOOKUP = (
    sa.select(
        UserSession.id.label("session_id"),
        UserSession.last_seen_at,
        User.id.label("user_id"),
        *VIEWER_FIELDS,
        visible_brands().label("brand_ids"),
    )
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == sa.bindparam("hash"), _counts())
    .execution_options(**KEPT)
)


def note_used(session: Session, *, session_id: uuid.UUID, now: datetime) -> None:
    """Note that the session was used at `now`."""
    session.execute(sa.update(UserSession).where(UserSession.id == session_id).values(last_seen_at=now))


def list_counting_sessions(
    session: Session, session_ids: Collection[uuid.UUID], *, now: datetime
) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """Return the ids of the valid sessions among `session_ids`, each with the ids of the brands its user may see now.

    Open sockets call this at intervals to check their sessions.
    """
    query = sa.select(UserSession.id, visible_brands().label("brand_ids")).join(User, User.id == UserSession.user_id)
    rows = session.execute(query.where(UserSession.id.in_(session_ids), _counts()), {"now": now})
    return {row.id: frozenset(row.brand_ids) for row in rows}


def open_session(session: Session, user: User, *, ip: str | None, user_agent: str, now: datetime) -> str:
    """Add a session and return its token. Only the browser stores the token (`remember_browser`)."""
    token = new_secret()
    session.add(
        UserSession(
            id=new_id(),
            user_id=user.id,
            token_hash=_hash(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + limits_of(user.role).absolute,
            ip=ip,
            user_agent=user_agent[:300],
        )
    )
    session.flush()
    return token


def end_sessions(
    session: Session, user_id: uuid.UUID, *, now: datetime, only: uuid.UUID | None = None, but: uuid.UUID | None = None
) -> int:
    """Revoke the user's sessions and return how many ended: all of them, the session `only`, or all except the session `but`."""
    open_ones = sa.and_(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    statement = sa.update(UserSession).where(open_ones).values(revoked_at=now)
    if only is not None:
        statement = statement.where(UserSession.id == only)
    if but is not None:
        statement = statement.where(UserSession.id != but)
    return len(session.execute(statement.returning(UserSession.id)).all())


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
