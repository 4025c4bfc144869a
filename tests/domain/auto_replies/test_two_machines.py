"""Two inboxes that answer by themselves, pointed at each other, stop after one exchange: from mail to mail, over real HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from app.config import Settings
from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.http import HttpClient
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.auto_replies.actions import AutoReplyContent, save_auto_replies
from app.domain.auto_replies.models import AutoReplyDecision, AutoReplyKind
from app.domain.auto_replies.texts import DEFAULTS
from app.domain.connections.models import Channel, ChannelType
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.polling import poll_channel
from app.domain.sla.actions import CalendarContent, create_calendar
from app.domain.sla.rules import StoredCalendar, StoredDay
from app.domain.threads.models import Message, MessageType
from app.sandbox.simulators.common import RunningServer, serve
from app.sandbox.simulators.graph import create_graph_app
from app.sandbox.simulators.graph.settings import Settings as GraphSettings
from tests.factories import make_brand, make_channel
from tests.mail.parsing import read
from tests.providers.graph.support import Simulator
from tests.support.database import TestServers, close_connections
from tests.support.providers import providers_at

OURS, THEIRS = "service@chargecars.example", "info@laders.example"
ROUNDS = 12
"""An exchange that has not ended by then does not end."""
JOBS = ((InboundEvent, process_inbound_event), (OutboxEntry, run_outbox_entry), (Delivery, deliver))


@dataclass
class Company:
    """An installation of ours with one mailbox or more, all of them closed and answering by themselves."""

    app: Flask
    database: str
    channels: dict[str, uuid.UUID]

    def work(self) -> int:
        """Everything that is to be done now, once; returns how much that was."""
        with self.app.app_context():
            polled = sum(poll_channel(channel_id).stored for channel_id in self.channels.values())
            return polled + sum(self._run(table, job) for table, job in JOBS)

    def _run(self, table: Any, job: Any) -> int:
        ready = sa.select(table.id).where(table.state == "ready").order_by(table.id)
        if table is OutboxEntry:
            ready = ready.where(OutboxEntry.handler != "subscribe_channel")  # these companies poll
        row_ids = db.session.execute(ready).scalars().all()
        db.session.rollback()
        for row_id in row_ids:
            job(row_id=str(row_id))
        return len(row_ids)

    def automatic_answers(self) -> int:
        query = sa.select(sa.func.count()).where(Message.message_type == MessageType.AUTO_RESPONSE)
        return self._ask(query)[0]

    def reasons(self) -> list[str]:
        return self._ask(sa.select(AutoReplyDecision.reason).order_by(AutoReplyDecision.id))

    def received(self) -> list[str | None]:
        """How each mail that came in was taken, in order."""
        query = sa.select(Message.automatic).where(Message.message_type == MessageType.INCOMING).order_by(Message.created_at)
        return self._ask(query)

    def _ask(self, query: Any) -> list[Any]:
        with self.app.app_context():
            found = list(db.session.execute(query).scalars())
            db.session.rollback()
            return found


@dataclass
class World:
    """Companies around one simulated mail world."""

    servers: TestServers
    settings: Settings
    simulator: Simulator
    server: RunningServer
    companies: list[Company]

    def found(self, *mailboxes: str) -> Company:
        name, url = self.servers.new_database()
        app = create_app(
            replace(
                self.settings,
                database_url=url,
                provider_settings=providers_at("http://127.0.0.1:9", graph=self.server.url, login=self.server.url),
            )
        )
        app.testing = True
        company = Company(app, name, {})
        with app.app_context(), transaction() as session:
            for number, address in enumerate(mailboxes):
                brand = make_brand(session, f"brand-{number}", f"Merk {number}")
                company.channels[address] = _make_mailbox(session, brand, address).id
        company.work()  # the first poll takes what is there for history
        self.companies.append(company)
        return company

    def go_round(self) -> int:
        """Work until nothing is left; returns how many rounds that took."""
        for number in range(ROUNDS):
            if not sum(company.work() for company in self.companies):
                return number
        return ROUNDS


def _make_mailbox(session: Any, brand: Brand, address: str) -> Channel:
    """A mailbox nobody looks after until the day after tomorrow."""
    graph = GraphSettings()
    channel = make_channel(
        session,
        brand,
        ChannelType.EMAIL_OUTLOOK,
        keyring=runtime().keyring,
        address=address,
        settings={"tenant_id": graph.tenant_id, "client_id": graph.client_id},
        secrets={"client_secret": graph.client_secret},
    )
    opens = StoredDay(day=(utc_now() + timedelta(days=2)).date(), spans=((9 * 60, 17 * 60),))
    rules = StoredCalendar(week=((), (), (), (), (), (), ()), own_days=(opens,))
    create_calendar(session, CalendarContent(f"Dicht {address}", rules, channel_id=channel.id), now=utc_now(), actor=SYSTEM)
    content = AutoReplyContent(AutoReplyKind.CLOSED, True, DEFAULTS[AutoReplyKind.CLOSED])
    save_auto_replies(session, channel, (content,), now=utc_now(), actor=SYSTEM)
    return channel


@pytest.fixture
def world(servers: TestServers, settings: Settings) -> Iterator[World]:
    server = serve(create_graph_app(mailboxes=(OURS, THEIRS)))
    with closing(HttpClient(allowed_networks=["127.0.0.0/8"])) as http:
        world = World(servers, settings, Simulator(http, server.url), server, [])
        yield world
    for company in world.companies:
        close_connections(company.app)
        servers.drop_database(company.database)
    server.stop()


def test_two_installations_pointed_at_each_other_stop_after_one_exchange(world: World) -> None:
    """Somebody has the answer of one sent to the other: it comes as automatic mail, and that is the end."""
    ours, theirs = world.found(OURS), world.found(THEIRS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er?", headers={"Reply-To": THEIRS})
    assert world.go_round() < ROUNDS
    assert (ours.automatic_answers(), theirs.automatic_answers()) == (1, 0)
    assert theirs.received() == ["loop"]  # known by the header of our deliveries, and by three other signs
    assert theirs.reasons() == ["We do not answer automatic email"]


@pytest.mark.full
def test_two_inboxes_of_one_installation_do_not_answer_each_other_at_all(world: World) -> None:
    ours = world.found(OURS, THEIRS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er?", **{"from": THEIRS})
    world.simulator.deliver(mailbox=THEIRS, subject="Vraag", text="Bent u er?", **{"from": OURS})
    assert world.go_round() < ROUNDS
    assert ours.automatic_answers() == 0


@pytest.mark.full
def test_whoever_names_another_inbox_of_ours_for_answers_is_answered_themselves(world: World) -> None:
    ours = world.found(OURS, THEIRS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er?", headers={"Reply-To": THEIRS})
    assert world.go_round() < ROUNDS
    assert [entry["to"] for entry in world.simulator.ledger()] == [["jan@example.nl"]]
    assert ours.automatic_answers() == 1


@pytest.mark.full
def test_a_foreign_machine_that_does_not_say_so_is_answered_once(world: World) -> None:
    """No header, no word, a new subject, no mail named: it looks like a person each time, in a new thread each time."""
    ours = world.found(OURS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er?", **{"from": "jan@silent.example"})
    assert world.go_round() < ROUNDS
    assert ours.automatic_answers() == 1
    assert ours.received() == [None, None]
    assert ours.reasons() == ["", "This person got an automatic answer in the last 24 hours"]


def test_an_out_of_office_that_answers_ours_is_not_answered(world: World) -> None:
    ours = world.found(OURS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er?", **{"from": "jan@away.example"})
    assert world.go_round() < ROUNDS
    assert ours.automatic_answers() == 1
    assert ours.received() == [None, "auto_reply"]


def test_the_answer_says_on_the_wire_what_it_is_and_quotes_nothing(world: World) -> None:
    ours = world.found(OURS)
    world.simulator.deliver(mailbox=OURS, subject="Vraag", text="Bent u er? Het geheim is zonnebloem.")
    world.go_round()
    assert ours.automatic_answers() == 1
    raw = world.simulator.http.request("GET", f"{world.simulator.url}/__sim/outbox/0").body
    mail = message_from_bytes(raw)
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["In-Reply-To"]
    assert mail["In-Reply-To"] in mail["References"]
    assert str(make_header(decode_header(mail["Subject"]))) == "Automatisch antwoord: Vraag"
    assert b"zonnebloem" not in raw
    assert read(raw).automatic is not None
