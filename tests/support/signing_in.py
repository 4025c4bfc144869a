"""Sign people in without the form, and the token that every changing request needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import Page
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.clock import utc_now
from app.core.db import transaction
from app.domain.accounts.models import User
from app.domain.accounts.sessions import open_session
from app.web.accounts.session import COOKIE_KEY, CookieSessions

CSRF_SECRET = "a value that only this test knows"


def sign_in(client: FlaskClient, session: Session, user: User, *, now: datetime | None = None) -> FlaskClient:
    """Let `client` be this user's browser; commits `session`. `page_client.plain` is such a client too."""
    token = open_session(session, user, ip="127.0.0.1", user_agent="Test browser", now=now or utc_now())
    session.commit()
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie[COOKIE_KEY] = token
        cookie.permanent = True
    return client


def sign_in_browser(page: Page, app: Flask, email: str, *, url: str = "") -> None:
    """Let a real browser be this user's, in front of an application at `url`, else the public URL of `app`; the form has tests of
    its own."""
    with app.app_context(), transaction() as session:
        user = session.execute(sa.select(User).where(User.email == email)).scalar_one()
        token = open_session(session, user, ip="127.0.0.1", user_agent="Test browser", now=utc_now())
    value = session_cookie(app, token)
    name, usual = app.config["SESSION_COOKIE_NAME"], app.config["SETTINGS"].public_url
    page.context.add_cookies([{"name": name, "value": value, "url": url or usual}])


def session_cookie(app: Flask, token: str, **others: str) -> str:
    """What a browser keeps of a session; `others` are what else the cookie holds."""
    kept = CookieSessions().get_signing_serializer(app)
    assert kept is not None
    return str(kept.dumps({COOKIE_KEY: token, "_permanent": True, **others}))


def csrf_token(client: FlaskClient) -> str:
    """Return a token that fits this client's cookie: form field `csrf_token`, or header `X-CSRFToken`."""
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = CSRF_SECRET
    return csrf_value(client.application)


def csrf_value(app: Flask) -> str:
    """The token for whoever has CSRF_SECRET in the cookie."""
    return str(URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(CSRF_SECRET))


def post(client: FlaskClient, path: str, data: Mapping[str, object] | None = None, **options: object) -> TestResponse:
    """POST a form with its token."""
    return client.post(path, data={**(data or {}), "csrf_token": csrf_token(client)}, **options)  # type: ignore[arg-type]
