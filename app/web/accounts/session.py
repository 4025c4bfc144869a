"""Who is signed in: a cookie holds a random token, a row its hash; the row decides, on every request, whether it still counts.

Idle for IDLE or older than ABSOLUTE ends it; so does revoking it, signing out, a new password, or disabling the user. One query
per request reads session, user and brands.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from flask import Flask, Request, Response, abort, current_app, g, redirect, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user
from htmx_flask import request
from sqlalchemy.orm import Session

from app.core.afterwards import after_answer
from app.core.clock import utc_now
from app.core.db import db
from app.core.ids import new_id, new_secret
from app.core.plans import KEPT
from app.domain.accounts.access import Viewer, visible_brands
from app.domain.accounts.models import User, UserSession
from app.web.accounts.next_page import own_path

IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(days=7)
TOUCH_EVERY = timedelta(minutes=1)
COOKIE_KEY = "session_token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


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


class CookieSessions(SecureCookieSessionInterface):
    """Flask's sessions; without a cookie there is nothing to check, and most requests of providers and programs have none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


class Anonymous(AnonymousUserMixin):  # type: ignore[misc]
    """Nobody."""


def init_login(app: Flask) -> None:
    """Hang flask-login on the application; the token in the cookie is looked up on first use in a request."""
    # The prefix makes browsers insist that the cookie came over https from this very host.
    prefix = "__Host-" if app.config["SESSION_COOKIE_SECURE"] else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}switchyard", PERMANENT_SESSION_LIFETIME=ABSOLUTE, SESSION_REFRESH_EACH_REQUEST=False
    )
    app.session_interface = CookieSessions()
    manager = LoginManager(app)
    manager.anonymous_user = Anonymous
    manager.request_loader(lambda _request: find_signed_in())
    manager.user_loader(lambda _user_id: None)
    manager.unauthorized_handler(ask_to_sign_in)
    app.before_request(_refuse_foreign_origin)
    app.after_request(_touch)


def _refuse_foreign_origin() -> None:
    """Beside the token: a browser that says it changes something for another site's page is refused if it brings our cookie."""
    origin = request.headers.get("Origin")
    if origin is None or request.method in SAFE_METHODS or COOKIE_KEY not in cookie:
        return
    if urlsplit(origin).netloc not in {request.host, urlsplit(current_app.config["SETTINGS"].public_url).netloc}:
        abort(400, "foreign origin")


def ask_to_sign_in() -> ResponseReturnValue:
    """The answer to somebody who is not signed in: the sign-in page, which leads back here afterwards."""
    if request.htmx:
        here = urlsplit(request.headers.get("HX-Current-URL", ""))
        back = own_path(f"{here.path}?{here.query}" if here.query else here.path)
        return Response(status=401, headers={"HX-Redirect": url_for("accounts.sign_in", next=back)})
    wants_page = not request.accept_mimetypes or request.accept_mimetypes.accept_html
    if not wants_page or request.headers.get("Sec-Fetch-Dest") == "empty":
        return Response(status=401)
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=back if back != "/" else None), 303)


def current_viewer() -> Viewer:
    """Return who is looking. When nobody is signed in, the request ends with `ask_to_sign_in`."""
    if not current_user.is_authenticated:
        abort(ask_to_sign_in())  # type: ignore[arg-type]
    viewer: Viewer = current_user.viewer
    return viewer


def current_lead() -> Viewer:
    """Return who is looking, if they lead a team or administrate; anybody else gets 403."""
    viewer = current_viewer()
    if not viewer.is_lead:
        abort(403)
    return viewer


def current_admin() -> Viewer:
    """Return who is looking, if they administrate; anybody else gets 403."""
    viewer = current_viewer()
    if not viewer.is_admin:
        abort(403)
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
        g.unseen_session_id = record.session_id
    return SignedIn(_viewer(record), record.session_id)


def _counts() -> sa.ColumnElement[bool]:
    """A session that still counts, at `:now`, if it was last used after `:idle`."""
    return sa.and_(
        UserSession.revoked_at.is_(None),
        UserSession.expires_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)),
        UserSession.last_seen_at > sa.bindparam("idle", type_=sa.DateTime(timezone=True)),
        User.disabled_at.is_(None),
    )


_LOOKS = (User.locale, User.timezone, User.theme, User.density, User.single_keys, User.undo_send_seconds)
_FIELDS = (User.contact_id, User.name, User.email, User.role, *_LOOKS)
_LOOKUP = (
    sa.select(
        UserSession.id.label("session_id"),
        UserSession.last_seen_at,
        User.id.label("user_id"),
        *_FIELDS,
        visible_brands().label("brand_ids"),
    )
    .join(User, User.id == UserSession.user_id)
    .where(UserSession.token_hash == sa.bindparam("hash"), _counts())
    .execution_options(**KEPT)
)


def _viewer(record: Any) -> Viewer:
    values = {field.key: getattr(record, field.key) for field in _FIELDS}
    return Viewer(user_id=record.user_id, brand_ids=tuple(record.brand_ids), ip=request.remote_addr, **values)


def _touch(response: Response) -> Response:
    """Note that the session is in use, at most once in TOUCH_EVERY; whoever asked for the page does not wait for it."""
    session_id = g.pop("unseen_session_id", None)
    if session_id is not None:
        seen = sa.update(UserSession).where(UserSession.id == session_id).values(last_seen_at=utc_now())
        after_answer(response, lambda session: session.execute(seen))
    return response


def list_counting_sessions(
    session: Session, session_ids: Collection[uuid.UUID], *, now: datetime
) -> dict[uuid.UUID, frozenset[uuid.UUID]]:
    """Return those of `session_ids` that still count, with the brands their users may see now: what is asked again and again
    for open sockets."""
    query = sa.select(UserSession.id, visible_brands().label("brand_ids")).join(User, User.id == UserSession.user_id)
    rows = session.execute(query.where(UserSession.id.in_(session_ids), _counts()), {"now": now, "idle": now - IDLE})
    return {row.id: frozenset(row.brand_ids) for row in rows}


def open_session(session: Session, user: User, *, ip: str | None, user_agent: str, now: datetime) -> str:
    """Add a session and return its token, which the browser keeps (`remember_browser`) and we do not."""
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
    session.flush()
    return token


def remember_browser(token: str) -> None:
    """Put the token into the cookie; whatever the cookie held before is forgotten."""
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


def forget_browser() -> None:
    """Clear the cookie of this browser."""
    cookie.clear()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
