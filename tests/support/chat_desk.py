"""An agent at a WhatsApp number of a simulated provider, over real HTTP both ways; every job runs when a test says so."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.core.runtime import runtime
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.delivery.signal_jobs import send_signal
from app.domain.delivery.signal_models import ChatSignal
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.threads.models import Message, Thread
from app.sandbox.simulators.whatsapp_cloud.settings import Settings
from tests.factories import make_brand, make_channel, make_user
from tests.sandbox.simulators.whatsapp_world import JAN, NUMBER_ID, WABA_ID, World
from tests.support.desk import HTMX
from tests.support.pages import PageClient
from tests.support.providers import adapters_at, talking_by
from tests.support.signing_in import csrf_token, sign_in


@dataclass
class ChatDesk:
    """`world`: the provider, with the customer's phone. `session`: the test's own."""

    world: World
    app: Flask
    session: Session
    client: PageClient
    channel: Channel
    alice: User

    def customer(self, **order: Any) -> str:
        """The customer does something, and it has arrived here; returns its id."""
        order = {"from": JAN, "name": "Jan", **order}
        ids = self.world.emit(**order)["ids"]
        self.hear()
        return str(ids[0]) if ids else ""

    def hear(self) -> None:
        """Everything the provider says until now has come in and is processed."""
        self.world.settle()
        while True:
            try:
                post = self.world.webhook.arrived.get_nowait()
            except Empty:
                break
            answer = self.client.plain.post("/webhooks/whatsapp", data=post.body, headers=post.headers)
            assert answer.status_code == 200
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready").order_by(InboundEvent.id)
        for row_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(row_id))
        self.session.expire_all()

    def deliver(self) -> None:
        """Everything that waits goes out, and what the provider says of it comes in."""
        ready = sa.select(Delivery.id).where(Delivery.state == "ready").order_by(Delivery.created_at, Delivery.id)
        for row_id in self.session.execute(ready).scalars().all():
            deliver(row_id=str(row_id))
        self.hear()

    def signal(self) -> None:
        """Every read mark, sign of typing and reaction that waits is told the provider."""
        ready = sa.select(ChatSignal.id).where(ChatSignal.state == "ready").order_by(ChatSignal.created_at, ChatSignal.id)
        for row_id in self.session.execute(ready).scalars().all():
            send_signal(row_id=str(row_id))
        self.hear()

    def asked(self, **having: Any) -> list[dict[str, Any]]:
        """What was asked of the provider's messages path, of those with these fields."""
        requests = self.world.control("requests", "GET")["requests"]
        bodies = [json.loads(r["body"]) for r in requests if r["path"].endswith("/messages") and r["method"] == "POST"]
        return [body for body in bodies if all(body.get(name) == value for name, value in having.items())]

    def post(self, path: str, **fields: object) -> TestResponse:
        data = {"client_token": uuid.uuid4(), "composer_kind": "reply", "csrf_token": csrf_token(self.client.plain), **fields}
        return self.client.post(path, data=data, headers=HTMX)

    def reply(self, **fields: object) -> TestResponse:
        return self.post(f"/threads/{self.thread().id}/messages", channel_id=self.channel.id, **fields)

    def page(self) -> str:
        return self.client.get(f"/threads/{self.thread().id}").text

    def thread(self) -> Thread:
        return self.session.execute(sa.select(Thread)).scalar_one()

    def message(self, text: str) -> Message:
        return self.session.execute(sa.select(Message).where(Message.text == text)).scalar_one()

    def sent(self) -> list[dict[str, Any]]:
        """What the provider took from us, as it was asked."""
        return [taken.payload for taken in self.world.simulator.store.accepted]


@contextmanager
def chat_desk(app: Flask, session: Session, client: PageClient, world: World) -> Iterator[ChatDesk]:
    """The application talks to `world`; Alice is signed in and Jan has written nothing yet."""
    world.start_afresh()
    with app.app_context(), talking_by(app, adapters_at(app, whatsapp=world.url)):
        brand, known = make_brand(session), Settings()
        secrets = {"access_token": known.access_token, "signing_secret": known.app_secret, "verify_token": known.verify_token}
        channel = make_channel(
            session, brand, keyring=runtime().keyring, address=NUMBER_ID, secrets=secrets, settings={"waba_id": WABA_ID}
        )
        alice = make_user(session, "Alice", brands=(brand,))
        session.commit()
        sign_in(client.plain, session, alice)
        yield ChatDesk(world, app, session, client, channel, alice)
