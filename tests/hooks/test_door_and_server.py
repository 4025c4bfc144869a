"""The door and a database server that went away in between: told to come again, and let in the next time."""

from __future__ import annotations

import hashlib
import hmac
import json

import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from app.core.db import db, transaction
from app.core.runtime import runtime
from app.domain.ingest.models import InboundEvent
from tests.factories import make_brand, make_channel

NUMBER, SECRET = "106600000000001", "app-secret"
END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SPEAKERS = 3  # connections that are open when the server ends them all


def post(app: Flask, message: str) -> TestResponse:
    value = {"metadata": {"phone_number_id": NUMBER}, "messages": [{"id": message, "type": "text", "text": {"body": "hoi"}}]}
    body = json.dumps({"entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return app.test_client().post("/webhooks/whatsapp", data=body, headers={"X-Hub-Signature-256": signature})


def test_one_post_is_sent_back_and_everything_after_it_is_stored(fresh_app: Flask) -> None:
    with fresh_app.app_context(), transaction() as session:
        secrets = {"signing_secret": SECRET}
        make_channel(session, make_brand(session), address=NUMBER, secrets=secrets, keyring=runtime().keyring)
    with fresh_app.app_context():
        engine = db.engines["autocommit"]
        open_at_once = [engine.raw_connection() for _ in range(SPEAKERS)]
        for connection in open_at_once:
            connection.close()
        with db.engine.connect() as other:
            assert len(other.execute(sa.text(END_OTHERS)).all()) >= SPEAKERS
        db.engine.dispose()  # what reads the channels has a connection that lives
    first = post(fresh_app, "wamid.first")
    assert (first.status_code, first.headers["Retry-After"]) == (503, "5")
    assert [post(fresh_app, f"wamid.{number}").status_code for number in range(SPEAKERS)] == [200] * SPEAKERS
    with fresh_app.app_context():
        assert db.session.execute(sa.select(sa.func.count()).select_from(InboundEvent)).scalar_one() == SPEAKERS
