"""The guide for partners, followed to the letter against a running server: key, order, status, callback, state, signed call."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.serving import make_server

from app.core.db import db
from app.core.runtime import runtime
from app.domain.partners.actions import NewKey
from app.domain.partners.models import Environment
from app.domain.webhooks.engine import deliver
from app.domain.webhooks.models import WebhookDelivery
from tests.domain.partners.factories import WORKFLOW_BODY, make_partner, make_partner_key
from tests.factories import make_brand
from tests.support.receiver import receiving

GUIDE = (Path(__file__).resolve().parents[3] / "docs" / "partner-api.md").read_text()
BLOCK = re.compile(r"^```(bash|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.fixture
def served(fresh_app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, fresh_app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def sandbox_key(app: Flask) -> NewKey:
    with app.app_context(), db.session() as session:
        partner = make_partner(session, make_brand(session))
        key = make_partner_key(session, partner, runtime().keyring, Environment.SANDBOX)
        session.commit()
        return key


def deliver_all(app: Flask) -> None:
    with app.app_context(), db.session() as session:
        ids = session.execute(sa.select(WebhookDelivery.id).order_by(WebhookDelivery.number)).scalars().all()
    for delivery_id in ids:
        with app.app_context():
            deliver(delivery_id)


def test_the_guide_works_as_it_is_written(fresh_app: Flask, served: str) -> None:
    key, blocks = sandbox_key(fresh_app), BLOCK.findall(GUIDE)
    python: dict[str, Any] = {}
    answers: list[dict[str, Any]] = []
    with receiving() as receiver:
        known = {"BASE": served, "PARTNER": "groendus", "KEY": key.text, "HOOK": receiver.url}
        for language, code in blocks[1:]:  # the first one says what the reader fills in
            if language == "python":
                exec(compile(code, "docs/partner-api.md", "exec"), python)
                continue
            done = subprocess.run(
                ["bash", "-euc", code], env={**os.environ, **known}, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stdout + done.stderr
            answers.append(json.loads(done.stdout))
        posted, polled, listed, documents, configured, told = answers
        assert posted["data"]["chargecars_order_id"].startswith("TEST-")
        assert (polled["data"]["status"], polled["data"]["partner_status"]) == ("new", "RECEIVED")
        assert [one["partner_order_id"] for one in listed["data"]["items"]] == ["FIRST-1"]
        assert documents["data"]["items"] == []
        assert told["data"]["outcome"] == "applied"
        deliver_all(fresh_app)
        (got,) = receiver.got
    headers = {name.lower(): value for name, value in got.headers.items()}
    assert python["is_ours"](configured["data"]["webhook_secret"], headers, got.body)
    assert not python["is_ours"](configured["data"]["webhook_secret"], headers, got.body + b" ")
    assert json.loads(got.body)["status"] == "approved"
    path, body = "/api/v1/partners/groendus/orders", json.dumps(WORKFLOW_BODY).encode()
    signed = python["signed_headers"](key.signing_secret, "POST", path, "", body)
    assert _post(served + path, body, {"X-API-Key": key.text, **signed}) == 201
    assert _post(served + path, body, {"X-API-Key": key.text, **signed}) == 401, "each nonce once"


def _post(url: str, body: bytes, headers: dict[str, str]) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json", **headers})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
