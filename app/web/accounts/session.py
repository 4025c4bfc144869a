"""Sign users in by a session cookie, and find the signed-in user of each request.

One query per request reads session, user and brands.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, Response, abort, current_app, g, redirect, url_for
from flask import session as cookie
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask.typing import ResponseReturnValue
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user
from htmx_flask import request

from app.core.after_response import after_answer
from app.core.clock import utc_now
from app.core.db import db
from app.domain.accounts.access import Viewer
from app.domain.accounts.first_admin import is_empty
from app.domain.accounts.permissions import Permission
from app.domain.accounts.sessions import LONGEST, VIEWER_FIELDS, find_session, note_used
from app.web.accounts.next_page import own_path
from app.web.accounts.refusal import refuse

TOUCH_EVERY = timedelta(minutes=1)
COOKIE_KEY = "session_token"
ENTRANCES = frozenset({"/", "/inbox"})  # first pages of a visit: an empty installation is sent to the set-up
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SignedIn(UserMixin):  # type: ignore[misc]
    """The signed-in user in the form that flask-login needs. Every attribute of its `viewer` is an attribute of it, too."""

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
    """Flask's cookie sessions, which are not read if the request has no cookie, and not written if nobody looked at them. Most
    requests of providers and programs have none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.accessed or session.modified:
            super().save_session(app, session, response)


class Login(LoginManager):  # type: ignore[misc]
    """Flask-login without its cookie to be remembered by, for which it looks at the session after every request, a webhook or a
    file too."""

    def _update_remember_cookie(self, response: Response) -> Response:
        return response


class Anonymous(AnonymousUserMixin):  # type: ignore[misc]
    """The user of a request in which nobody is signed in. They may do nothing."""


def init_login(app: Flask) -> None:
    """Set up flask-login for the application. The token in the cookie is looked up when a request first needs the user."""
    # The prefix makes browsers insist that the cookie came over https from this very host.
    prefix = "__Host-" if app.config["SESSION_COOKIE_SECURE"] else ""
    app.config.update(
        SESSION_COOKIE_NAME=f"{prefix}switchyard", PERMANENT_SESSION_LIFETIME=LONGEST, SESSION_REFRESH_EACH_REQUEST=False
    )
    app.session_interface = CookieSessions()
    manager = Login(app)
    manager.anonymous_user = Anonymous
    manager.request_loader(lambda _request: find_signed_in())
    manager.user_loader(lambda _user_id: None)
    manager.unauthorized_handler(ask_to_sign_in)
    app.before_request(_refuse_foreign_origin)
    app.after_request(_touch)


def _refuse_foreign_origin() -> None:
    """Answer 400 to a changing request with our session cookie that comes from a page of another site.

    This check is an addition to the CSRF token.
    """
    origin = request.headers.get("Origin")
    if origin is None or request.method in SAFE_METHODS or COOKIE_KEY not in cookie:
        return
    if urlsplit(origin).netloc not in {request.host, urlsplit(current_app.config["SETTINGS"].public_url).netloc}:
        abort(400, "foreign origin")


def ask_to_sign_in() -> ResponseReturnValue:
    """Return the answer to a visitor who is not signed in.

    A page request is redirected to the sign-in page, which leads back to the page afterwards. Other requests get 401; htmx
    then opens the sign-in page. An empty installation leads to the set-up page.
    """
    if request.htmx:
        here = urlsplit(request.htmx.current_url or "")
        back = own_path(f"{here.path}?{here.query}" if here.query else here.path)
        return Response(status=401, headers={"HX-Redirect": url_for("accounts.sign_in", next=back)})
    wants_page = not request.accept_mimetypes or request.accept_mimetypes.accept_html
    if not wants_page or request.headers.get("Sec-Fetch-Dest") == "empty":
        return Response(status=401)
    if request.path in ENTRANCES and is_empty(db.session()):
        return redirect(url_for("accounts.set_up"), 303)
    back = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("accounts.sign_in", next=back if back != "/" else None), 303)


def current_viewer() -> Viewer:
    """Return the signed-in viewer. If nobody is signed in, end the request with the answer of `ask_to_sign_in`."""
    if not current_user.is_authenticated:
        abort(ask_to_sign_in())  # type: ignore[arg-type]
    viewer: Viewer = current_user.viewer
    return viewer


def require(permission: Permission) -> Viewer:
    """Return the viewer if they have the permission. Otherwise end the request with 403.

    If nobody is signed in, end the request with the answer of `ask_to_sign_in`.
    """
    viewer = current_viewer()
    if not viewer.may(permission):
        refuse(permission)
    return viewer


def find_signed_in() -> SignedIn | None:
    """Return the user of the cookie's token, or None if there is no token or its session has ended."""
    token = cookie.get(COOKIE_KEY)
    if not isinstance(token, str):
        return None
    now = utc_now()
    record = find_session(db.session(), token, now=now)
    if record is None:
        return None
    if now - record.last_seen_at > TOUCH_EVERY:
        g.unseen_session_id = record.session_id
    return SignedIn(_viewer(record), record.session_id)


def _viewer(record: Any) -> Viewer:
    values: dict[str, Any] = {field.key: getattr(record, field.key) for field in VIEWER_FIELDS}
    for name in ("rail_order", "rail_hidden"):
        values[name] = tuple(values[name])
    return Viewer(user_id=record.user_id, brand_ids=tuple(record.brand_ids), ip=request.remote_addr, **values)


def _touch(response: Response) -> Response:
    """Note that the session is in use: after the response, and at most once in each TOUCH_EVERY."""
    session_id = g.pop("unseen_session_id", None)
    if session_id is not None:
        after_answer(response, partial(note_used, session_id=session_id, now=utc_now()))
    return response


def remember_browser(token: str) -> None:
    """Put the session token into the cookie and remove everything that was in the cookie before."""
    cookie.clear()
    cookie[COOKIE_KEY] = token
    cookie.permanent = True


def forget_browser() -> None:
    """Clear the cookie of this browser."""
    cookie.clear()
