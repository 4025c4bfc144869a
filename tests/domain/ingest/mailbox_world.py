"""Mailboxes in a simulated Microsoft 365, and the house that follows them, with every job run when a test says so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.connections.models import Channel, ChannelType
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.threads.models import Message
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.graph import create_graph_app
from app.sandbox.simulators.graph.settings import Settings
from tests.factories import make_brand, make_channel
from tests.providers.graph.support import Simulator
from tests.support.providers import OUTSIDE, adapters_at, talking_by

MAILBOX = "service@chargecars.example"
ADDRESSES = (MAILBOX, "sales@chargecars.example", "planning@chargecars.example")


@dataclass
class MailboxWorld:
    """`session`: the test's own. `channels` by address."""

    app: Flask
    session: Session
    simulator: Simulator
    channels: dict[str, Channel] = field(default_factory=dict)

    @property
    def channel(self) -> Channel:
        return next(iter(self.channels.values()))

    def write(self, subject: str = "Vraag", mailbox: str = MAILBOX, **more: Any) -> str:
        """Somebody writes; returns the mail's id in the mailbox."""
        return str(self.simulator.deliver(mailbox=mailbox, subject=subject, **more)[0]["graph_id"])

    def take_away(self, item_id: str, *, to: str | None, mailbox: str = MAILBOX) -> None:
        """A colleague deletes it in Outlook, or moves it `to` another folder."""
        self.simulator.control("POST", "remove", {"mailbox": mailbox, "id": item_id, "move_to": to})

    def read(self) -> None:
        """Every mailbox is polled, every mail read, every reaction of reading carried out."""
        for channel in self.channels.values():
            poll_channel(channel.id)
        self.work()

    def work(self) -> None:
        ready = sa.select(InboundEvent.id).where(InboundEvent.state == "ready")
        for event_id in self.session.execute(ready).scalars().all():
            process_inbound_event(row_id=str(event_id))
        self.react()

    def react(self) -> None:
        waiting = sa.and_(OutboxEntry.state == "ready", OutboxEntry.handler == "show_mailbox_changes")
        for entry_id in self.session.execute(sa.select(OutboxEntry.id).where(waiting)).scalars().all():
            run_outbox_entry(row_id=str(entry_id))
        self.session.expire_all()

    def messages(self) -> list[Message]:
        return list(self.session.execute(sa.select(Message).order_by(Message.occurred_at, Message.id)).scalars())


def add_mailbox(session: Session, brand: Brand, address: str) -> Channel:
    """A channel that may read this mailbox of the simulated tenant."""
    settings = Settings()
    return make_channel(
        session,
        brand,
        ChannelType.EMAIL_OUTLOOK,
        keyring=runtime().keyring,
        address=address,
        settings={"tenant_id": settings.tenant_id, "client_id": settings.client_id},
        secrets={"client_secret": settings.client_secret},
    )


@contextmanager
def mailbox_world(
    app: Flask, session: Session, server: RunningServer, *, addresses: tuple[str, ...] = (MAILBOX,)
) -> Iterator[MailboxWorld]:
    """The application talks to `server`, which has these mailboxes and nothing in them."""
    simulator = Simulator(OUTSIDE, server.url)
    simulator.control("POST", "reset")
    simulator.config(**{**Settings().to_json(), "mailboxes": list(addresses)})
    with talking_by(app, adapters_at(app, graph=server.url)):
        brand = make_brand(session)
        world = MailboxWorld(app, session, simulator, {one: add_mailbox(session, brand, one) for one in addresses})
        session.commit()
        yield world


def graph_server() -> RunningServer:
    return serve(create_graph_app())
