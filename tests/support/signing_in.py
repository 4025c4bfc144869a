"""Sign people in without the form, and the token that every changing request needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.accounts.models import User
from app.accounts.session import COOKIE_KEY, open_session
from app.core.clock import utc_now

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


def csrf_token(client: FlaskClient) -> str:
    """Return a token that fits this client's cookie: form field `csrf_token`, or header `X-CSRFToken`."""
    with client.session_transaction() as cookie:
        cookie["csrf_token"] = CSRF_SECRET
    serializer = URLSafeTimedSerializer(client.application.secret_key, salt="wtf-csrf-token")
    return str(serializer.dumps(CSRF_SECRET))


def post(client: FlaskClient, path: str, data: Mapping[str, object] | None = None, **options: object) -> TestResponse:
    """POST a form with its token."""
    return client.post(path, data={**(data or {}), "csrf_token": csrf_token(client)}, **options)  # type: ignore[arg-type]
