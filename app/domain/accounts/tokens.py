"""Create, check and revoke API tokens. A token acts as its user and never sees more than that user. It is random, so storing a
plain hash of it is safe."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id, new_secret
from app.domain.accounts.access import Viewer, make_viewer, visible_brands
from app.domain.accounts.models import ApiToken, User
from app.domain.events.actions import SYSTEM, Actor, audit

PREFIX = "swy_"
SHOWN_CHARACTERS = 12
TOUCH_EVERY = timedelta(minutes=1)
SCOPES = (
    "threads:read",
    "threads:write",
    "contacts:read",
    "contacts:write",
    "tasks:read",
    "tasks:write",
    "orders:read",
    "orders:write",
    "partners:read",
    "partners:write",
    "appointments:read",
    "appointments:write",
    "templates:read",
    "templates:write",
    "channels:read",
    "channels:write",
    "brands:read",
    "brands:write",
    "users:read",
    "users:write",
    "search:read",
    "webhooks:read",
    "webhooks:write",
    "reports:read",
)
EVERYTHING = "*"


class UnknownScope(ValueError):
    """The scope does not exist; the message lists the scopes that do."""


def create_token(
    session: Session, user: User, *, name: str, scopes: tuple[str, ...], now: datetime, actor: Actor = SYSTEM
) -> tuple[ApiToken, str]:
    """Create an API token. Return its row and the secret text of the token, which is not stored.

    Empty `scopes` means all scopes. Raises `UnknownScope` if a scope does not exist.
    """
    unknown = [s for s in scopes if s not in (*SCOPES, EVERYTHING)]
    if unknown:
        raise UnknownScope(f"unknown scope {unknown[0]}; there are {', '.join(SCOPES)} and {EVERYTHING}")
    text = PREFIX + new_secret()
    token = ApiToken(
        id=new_id(),
        user_id=user.id,
        name=name.strip()[:100],
        prefix=text[:SHOWN_CHARACTERS],
        token_hash=_hash(text),
        scopes=list(scopes or (EVERYTHING,)),
        created_at=now,
    )
    session.add(token)
    session.flush()
    audit(session, action="ApiTokenCreated", object_type="api_token", object_id=str(token.id), now=now, actor=actor)
    return token, text


def viewer_from_bearer(session: Session, header: str | None, *, now: datetime, ip: str | None = None) -> Viewer | None:
    """Return the viewer of the API token in an `Authorization` header, or None if the header has no valid token.

    Takes one query. It stores the time of use, at most once per TOUCH_EVERY, so call it in a `transaction()` of its own.
    """
    scheme, _, text = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip().startswith(PREFIX):
        return None
    query = (
        sa.select(ApiToken, User, visible_brands().label("brand_ids"))
        .join(User, User.id == ApiToken.user_id)
        .where(ApiToken.token_hash == _hash(text.strip()), ApiToken.revoked_at.is_(None), User.disabled_at.is_(None))
    )
    record = session.execute(query).one_or_none()
    if record is None or (record.ApiToken.expires_at is not None and record.ApiToken.expires_at <= now):
        return None
    token: ApiToken = record.ApiToken
    if token.last_used_at is None or now - token.last_used_at > TOUCH_EVERY:
        token.last_used_at = now
    scopes = None if EVERYTHING in token.scopes else frozenset(token.scopes)
    return make_viewer(record.User, tuple(record.brand_ids), scopes=scopes, ip=ip)


def revoke_token(session: Session, token: ApiToken, *, now: datetime, actor: Actor) -> None:
    """Revoke an API token; revoking it twice changes nothing."""
    if token.revoked_at is None:
        token.revoked_at = now
        audit(session, action="ApiTokenRevoked", object_type="api_token", object_id=str(token.id), now=now, actor=actor)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
