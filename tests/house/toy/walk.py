"""Run by ../test_toy_provider.py in a tree that has the toy's folder among the providers, and nothing else that is new."""

from __future__ import annotations

import hmac
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.config import load_settings, setting_names
from app.contract.provider import Services
from app.core.runtime import EXTENSION
from app.domain.accounts.models import Role
from app.domain.connections.connection_check import check_channel
from app.domain.connections.models import Channel
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.threads.models import Message, Thread
from app.process.launch.parts import choose_simulator_ports, simulators
from app.providers.registry import build_adapters
from tests.factories import make_brand, make_user
from tests.support.desk import HTMX
from tests.support.pages import PageClient
from tests.support.providers import talking_by
from tests.support.signing_in import csrf_token, sign_in

FOLDER = Path(os.environ["TOY_FOLDER"])
SECRET = "toy-secret"
MAIL = (
    "From: Piet <piet@example.nl>\r\nTo: toy@example.nl\r\nSubject: Polled\r\nMessage-ID: <p1@example.nl>\r\n\r\nIt lay there\r\n"
)


@pytest.fixture
def toy() -> Iterator[str]:
    """The simulator, started as the launcher starts it; its address."""
    (module,) = (word for word in simulators(choose_simulator_ports({}), FOLDER).argv if word.endswith("toy.simulator"))
    command = [sys.executable, "-m", "app.sandbox.simulators", "--provider", module, "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("toy simulator on ")
        yield line.split()[-1]
        process.terminate()


def test_a_folder_is_a_provider(app: Flask, page_client: PageClient, db_session: Session, toy: str) -> None:
    brand = make_brand(db_session)
    root = make_user(db_session, "Root", role=Role.ADMIN)
    sign_in(page_client.plain, db_session, root)
    # Its setting, by the environment alone.
    assert "TOY_BASE_URL" in setting_names()
    given = load_settings({"TOY_BASE_URL": toy, "DATA_DIR": str(FOLDER)}, join=False).provider_settings
    services = Services(app.extensions[EXTENSION].http, given, "http://localhost", "localhost")
    with app.app_context(), talking_by(app, build_adapters(services)):
        # The page: it is offered, a wrong secret is refused in its words, the right one connects it.
        assert "Toy mail" in page_client.get("/settings/channels/new").text
        typed = {"kind": "email/toy", "name": "Toys", "brand_id": str(brand.id), "address": "toy@example.nl"}
        token = {"csrf_token": csrf_token(page_client.plain)}
        wrong = page_client.post("/settings/channels/new", data={**typed, **token, "signing_secret": "another"})
        assert (wrong.status_code, "The toy refuses this secret" in wrong.text) == (422, True)
        assert page_client.post("/settings/channels/new", data={**typed, **token, "signing_secret": SECRET}).status_code == 303
        channel = db_session.execute(sa.select(Channel)).scalar_one()
        assert "Toy mail" in page_client.get(f"/settings/channels/{channel.id}").text
        # Health.
        health = check_channel(channel, actor=SYSTEM)
        assert health is not None
        assert health.detail == "It plays"
        # The door.
        body = json.dumps({"id": "t1", "to": "toy@example.nl", "from": "jan@example.nl", "text": "Posted"}).encode()
        post = page_client.plain.post
        assert post("/webhooks/toy", data=body, headers={"X-Toy": "wrong"}).status_code == 401
        signed = {"X-Toy": hmac.digest(SECRET.encode(), body, "sha256").hex()}
        assert [post(path, data=body, headers=signed).status_code for path in ("/webhooks/toy", "/api/v1/webhooks/toy")] == [
            200,
            200,
        ]
        # The poll.
        requests.post(f"{toy}/__sim/emit", json={"mail": MAIL}, timeout=60)
        assert poll_channel(channel.id).stored == 1
        for row_id in db_session.execute(sa.select(InboundEvent.id).where(InboundEvent.state == "ready")).scalars().all():
            process_inbound_event(row_id=str(row_id))
        db_session.expire_all()
        texts = set(db_session.execute(sa.select(Message.text)).scalars())
        assert {text.strip() for text in texts} == {"Posted", "It lay there"}
        # Sending.
        thread = db_session.execute(sa.select(Thread).join(Message).where(Message.text == "Posted")).scalar_one()
        data = {"text": "An answer", "channel_id": channel.id, "composer_kind": "reply", "client_token": thread.id, **token}
        assert page_client.post(f"/threads/{thread.id}/messages", data=data, headers=HTMX).status_code == 200
        for row_id in db_session.execute(sa.select(Delivery.id)).scalars().all():
            deliver(row_id=str(row_id))
        mails = requests.get(f"{toy}/__sim/given", timeout=60).json()["given"]
        assert [(mail["to"], mail["text"].split("\n")[0].strip()) for mail in mails] == [("jan@example.nl", "An answer")]
