"""Who is signed in: a cookie holds a random token, a row its hash; the row decides, on every request, whether it still counts.

Idle for IDLE or older than ABSOLUTE ends it; so does revoking it, signing out, a new password, or disabling the user. One query
per request reads session, user and brands.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from flask import Flask, redirect, request, url_for
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user
from sqlalchemy.orm import Session
from werkzeug.exceptions import Unauthorized

from app.accounts.access import Viewer
from app.accounts.models import Brand, BrandMember, Role, User, UserSession
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.ids import new_id, new_secret

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)
COOKIE_KEY = "session_token"


class SignedIn(UserMixin):  # type: ignore[misc]
    """The viewer in the shape flask-login wants; every field of Viewer is an attribute."""

    def __init__(self, viewer: Viewer, session_id: uuid.UUID) -> None:
        self.viewer = viewer
        self.session_id = session_id

    def __getattr__(self, name: str) -> Any:
        if name == "viewer":
            raise AttributeError(name)
        return getattr(self.viewer, name)

    def get_id(self) -> str:
        return str(self.viewer.user_id)


class Anonymous(AnonymousUserMixin):  # type: ignore[misc]
    """Nobody."""


def init_login(app: Flask) -> None:
    """Hang flask-login on the application; the token in the cookie is looked up on first use in a request."""
    manager = LoginManager(app)
    manager.anonymous_user = Anonymous
    manager.request_loader(lambda _request: find_signed_in())
    manager.user_loader(lambda _user_id: None)
    manager.unauthorized_handler(_ask_to_sign_in)


def _ask_to_sign_in() -> ResponseReturnValue:
    if request.headers.get("HX-Request") == "true":
        return "", 401, {"HX-Redirect": url_for("accounts.sign_in")}
    return redirect(url_for("accounts.sign_in", next=request.full_path.rstrip("?") if request.method == "GET" else None), 303)


def current_viewer() -> Viewer:
    """Return who is looking. Raises Unauthorized when nobody is signed in; put `login_required` on the route."""
    if not current_user.is_authenticated:
        raise Unauthorized
    viewer: Viewer = current_user.viewer
    return viewer


def find_signed_in() -> SignedIn | None:
    """Look up the cookie's token; None if there is none or it does not count any more."""
    token = cookie.get(COOKIE_KEY)
    if not isinstance(token, str):
        return None
    now = utc_now()
    record = db.session.execute(_LOOKUP, {"hash": _hash(token), "now": now, "idle": now - IDLE}).one_or_none()
    if record is None:
        return None
    if now - record.last_seen_at > TOUCH_EVERY:
        _touch(record.session_id, now)
    return SignedIn(_viewer(record), record.session_id)


_BRANDS = sa.select(sa.func.coalesce(sa.func.array_agg(sa.distinct(Brand.id)), sa.cast([], sa.ARRAY(sa.Uuid)))).where(
    sa.or_(
        User.role == Role.ADMIN,
        sa.exists(sa.select(BrandMember.user_id).where(BrandMember.brand_id == Brand.id, BrandMember.user_id == User.id)),
    )
)
_LOOKUP = (
    sa.select(
        UserSession.id.label("session_id"),
        UserSession.last_seen_at,
        User.id.label("user_id"),
        User.contact_id,
        User.name,
        User.email,
        User.role,
        User.locale,
        User.timezone,
        User.theme,
        User.single_keys,
        _BRANDS.correlate(User).scalar_subquery().label("brand_ids"),
    )
    .join(User, User.id == UserSession.user_id)
    .where(
        UserSession.token_hash == sa.bindparam("hash"),
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)),
        UserSession.last_seen_at > sa.bindparam("idle", type_=sa.DateTime(timezone=True)),
        User.disabled_at.is_(None),
    )
)


def _viewer(record: Any) -> Viewer:
    named = {field.name for field in fields(Viewer)} - {"scopes", "ip", "brand_ids"}
    values = {name: getattr(record, name) for name in named}
    return Viewer(**values, brand_ids=tuple(sorted(record.brand_ids)), ip=request.remote_addr)


def _touch(session_id: uuid.UUID, now: datetime) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.update(UserSession).where(UserSession.id == session_id).values(last_seen_at=now))


def start_session(session: Session, user: User, *, ip: str | None, user_agent: str, now: datetime) -> None:
    """Sign the browser in under a fresh token; whatever the cookie held before is forgotten."""
    token = new_secret()
    session.add(
        UserSession(
            id=new_id(),
            user_id=user.id,
            token_hash=_hash(token),
            created_at=now,
            last_seen_at=now,
            expires_at=now + ABSOLUTE,
            ip=ip,
            user_agent=user_agent[:300],
        )
    )
    cookie.clear()
    cookie[COOKIE_KEY] = token
    cookie.permanent = True


def end_sessions(
    session: Session, user_id: uuid.UUID, *, now: datetime, only: uuid.UUID | None = None, but: uuid.UUID | None = None
) -> int:
    """Revoke the user's sessions: all, `only` one, or all `but` one. Returns how many ended."""
    open_ones = sa.and_(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    statement = sa.update(UserSession).where(open_ones).values(revoked_at=now)
    if only is not None:
        statement = statement.where(UserSession.id == only)
    if but is not None:
        statement = statement.where(UserSession.id != but)
    return len(session.execute(statement.returning(UserSession.id)).all())


def sign_out() -> None:
    """End the session this browser has, if any, and clear the cookie."""
    signed_in = find_signed_in()
    if signed_in is not None:
        with transaction() as session:
            end_sessions(session, signed_in.viewer.user_id, now=utc_now(), only=signed_in.session_id)
    cookie.clear()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
