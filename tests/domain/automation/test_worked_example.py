"""Order status changed, customer told: the documents' example from a form to the last WhatsApp message, each step once, though
every worker that takes a step dies at every place where one can.

Each job first runs in processes of its own, which kill themselves at the named places one after the other; then one lives.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session

from app.core import crash
from app.core.clock import utc_now
from app.core.db import db, table_of, transaction
from app.core.runtime import runtime
from app.domain.accounts.access import viewer_of
from app.domain.accounts.models import User
from app.domain.appointments.actions import AppointmentContent, plan_appointment, set_appointment_state
from app.domain.appointments.models import AppointmentState
from app.domain.automation.models import AutomationRule
from app.domain.automation.shipped import SHIPPED, take_shipped
from app.domain.delivery.jobs import deliver
from app.domain.delivery.models import Delivery
from app.domain.events.actions import SYSTEM
from app.domain.events.jobs import run_outbox_entry
from app.domain.events.models import OutboxEntry
from app.domain.ingest.jobs import process_inbound_event
from app.domain.ingest.models import InboundEvent
from app.domain.integrations.actions import IntegrationContent, create_integration
from app.domain.integrations.models import Provider
from app.domain.notifications.models import Notification, NotificationKind
from app.domain.orders.models import Order, OrderStatus
from app.domain.threads.models import Message, Thread
from app.sandbox.simulators.common import RunningServer
from app.sandbox.simulators.graph.settings import Settings as Tenant
from app.sandbox.simulators.whatsapp_cloud.settings import Settings
from tests.domain.ingest.mailbox_world import add_mailbox
from tests.factories import make_brand, make_channel, make_user
from tests.providers.graph.support import Simulator
from tests.sandbox.simulators.whatsapp_world import NUMBER_ID, WABA_ID, World, running_world
from tests.support.providers import OUTSIDE, adapters_at, talking_by
from tests.support.signing_in import post, sign_in

FORM_KEY, MAILBOX = "form-key", "service@chargecars.example"
# As printed in the documents.
FORM = {
    "formId": "chargecars-intake-2025", "submissionId": "sub_xxx123", "submittedAt": "2025-01-31T14:30:00Z",
    "responses": {
        "customer_name": "Jan Janssen", "email": "jan@example.com", "phone": "06-12345678",
        "address": "Kerkstraat 123, 1234AB Amsterdam", "charging_needs": "Thuisladen voor 2 auto's",
        "installation_preference": "Zo snel mogelijk", "selected_products": ["Wallbox 11kW", "Slimme laadkabel"],
    },
}  # fmt: skip
DEADLY = {
    InboundEvent: ("ingest.after_claim", "ingest.before_commit"),
    OutboxEntry: ("outbox.after_claim", "outbox.after_handler"),
    Delivery: ("delivery.after_attempt", "delivery.after_send", "delivery.after_record"),
}
JOBS: dict[Any, Any] = {InboundEvent: process_inbound_event, OutboxEntry: run_outbox_entry, Delivery: deliver}
"""Its rows are promises; the process that keeps one may die anywhere."""


@dataclass
class Example:
    app: Flask
    world: World
    mails: Simulator
    folder: Path
    agent: Any
    deaths: int = 0

    def work(self) -> None:
        """Everything promised is kept, by workers that die first; what providers say of it comes in, too."""
        while self._keep(InboundEvent) or self._keep(OutboxEntry) or self._keep(Delivery):
            self.world.settle()
            while not self.world.webhook.arrived.empty():
                said = self.world.webhook.arrived.get_nowait()
                assert self.app.test_client().post("/webhooks/whatsapp", data=said.body, headers=said.headers).status_code == 200

    def _keep(self, table: Any) -> bool:
        soon = sa.func.clock_timestamp() + timedelta(minutes=5)
        waits = sa.select(table.id).where(table.state == "ready", table.run_at <= soon)
        if table is OutboxEntry:
            waits = waits.where(OutboxEntry.handler.in_(["run_rules", "tell_of_new_work"]))
        with transaction() as session:
            ids = session.execute(waits.order_by(table.id)).scalars().all()
        for row_id in ids:
            for place in DEADLY[table]:
                self._make_due(table, row_id)
                self._die(JOBS[table], row_id, place)
            self._make_due(table, row_id)
            JOBS[table](row_id=str(row_id))
        return bool(ids)

    def _make_due(self, table: Any, row_id: Any) -> None:
        """Time passes: until the row is due, and until nobody believes any more that who had it lives."""
        now = sa.func.clock_timestamp()
        rows = table_of(table)
        past = {"run_at": now, "lease_until": sa.case((rows.c.lease_until.is_not(None), now), else_=None)}
        with transaction() as session:
            session.execute(sa.update(rows).where(rows.c.id == row_id, rows.c.state.in_(["ready", "running"])).values(past))

    def _die(self, job: Any, row_id: Any, place: str) -> None:
        (self.folder / place).touch()
        db.session.remove()
        child = os.fork()
        if child == 0:
            crash._DIRECTORY = str(self.folder)
            db.engine.dispose(close=False)
            job(row_id=str(row_id))
            os._exit(0)
        _pid, ended = os.waitpid(child, 0)
        self.deaths += os.WIFSIGNALED(ended) and os.WTERMSIG(ended) == signal.SIGKILL
        (self.folder / place).unlink(missing_ok=True)

    def order(self) -> Order:
        with transaction() as session:
            order = session.execute(sa.select(Order)).scalar_one()
            session.expunge(order)
        return order

    def move(self, status: OrderStatus) -> None:
        """An agent changes the status, on the order's page."""
        order = self.order()
        answer = post(self.agent, f"/orders/{order.id}/status", {"status": status.value, "expected_from": order.status.value})
        assert answer.status_code == 303, answer.text
        self.work()

    def visit(self) -> None:
        """One is planned, begun and done; the order goes along."""
        order, now = self.order(), utc_now()
        content = AppointmentContent(order.brand_id, order.customer_contact_id, "Installatie", now, now + timedelta(hours=2))
        with transaction() as session:
            visit = plan_appointment(session, replace(content, order_id=order.id), now=now, actor=SYSTEM)
        self.work()
        for state in (AppointmentState.ARRIVED, AppointmentState.DONE):
            with transaction() as session:
                set_appointment_state(session, visit.id, state, now=utc_now(), actor=SYSTEM)
            self.work()

    def notices(self) -> list[tuple[str, int]]:
        """Who was told of new work, and of how much."""
        query = sa.select(User.name, Notification.count).join(Notification, Notification.user_id == User.id)
        with transaction() as session:
            return [(row[0], row[1]) for row in session.execute(query.where(Notification.kind == NotificationKind.NEW_WORK))]

    def came(self) -> list[dict[str, Any]]:
        """The emails the customer got."""
        return self.mails.outbox(to="jan@example.com")

    def told(self) -> list[str]:
        """The WhatsApp templates that came to the customer's phone, as words."""
        sent = [taken.payload["template"] for taken in self.world.simulator.store.accepted]
        return [" ".join([one["name"], *(p["text"] for p in one["components"][0]["parameters"])]) for one in sent]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with running_world() as world:
        yield world


@pytest.fixture
def example(fresh_app: Flask, world: World, graph_process: RunningServer, tmp_path: Path) -> Iterator[Example]:
    world.start_afresh()
    mails = Simulator(OUTSIDE, graph_process.url)
    mails.control("POST", "reset")
    mails.config(**{**Tenant().to_json(), "mailboxes": [MAILBOX]})
    adapters = adapters_at(fresh_app, whatsapp=world.url, graph=graph_process.url)
    with fresh_app.app_context(), talking_by(fresh_app, adapters):
        with transaction() as session:
            alice = found(session)
        client = sign_in(fresh_app.test_client(), db.session(), alice)
        yield Example(fresh_app, world, mails, tmp_path, client)


def found(session: Session) -> User:
    """A company with a form, a mailbox, a number, the ready-made rules switched on, and an agent."""
    brand, known = make_brand(session, name="ChargeCars"), Settings()
    alice = make_user(session, "Alice", brands=(brand,))
    mailbox = add_mailbox(session, brand, MAILBOX)
    secrets = {"access_token": known.access_token, "signing_secret": known.app_secret, "verify_token": known.verify_token}
    templates = [
        {
            "name": name,
            "language": "nl",
            "status": "APPROVED",
            "components": [{"type": "BODY", "text": "Uw bestelling {{1}} is nu {{2}}."}],
        }
        for name in ("order_status_update", "order_completion_notification")
    ]
    settings = {"waba_id": WABA_ID, "templates": templates}
    make_channel(session, brand, keyring=runtime().keyring, address=NUMBER_ID, secrets=secrets, settings=settings)
    content = IntegrationContent("form", brand.id, mailbox.id, {"form_id": "chargecars-intake-2025"})
    keys = {"url_key": FORM_KEY, "api_key": "sk_simulated"}
    create_integration(
        session,
        Provider.FORMS,
        content,
        secrets=keys,
        keyring=runtime().keyring,
        now=utc_now() - timedelta(days=30),
        actor=SYSTEM,
    )
    for shipped in SHIPPED:
        take_shipped(session, shipped, name=shipped.name, viewer=viewer_of(session, alice), now=utc_now())
    session.execute(sa.update(AutomationRule).values(is_on=True))
    return alice


def test_the_example_of_the_documents_runs_each_step_once(example: Example) -> None:
    raw = json.dumps(FORM).encode()
    for _twice in range(2):
        answer = example.app.test_client().post(
            f"/webhooks/fillout/{FORM_KEY}", data=raw, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 200
    example.work()
    assert example.notices() == [("Alice", 1)]
    order = example.order()
    (mail,) = example.came()
    assert f"Uw bestelling {order.order_number}" in str(mail["headers"])
    assert "Wallbox 11kW" in mail["text"]
    for status in (OrderStatus.NEW, OrderStatus.APPROVED):
        example.move(status)
    assert example.told() == [f"order_status_update {order.order_number} goedgekeurd"]
    example.visit()
    number = order.order_number
    assert example.told()[1:] == [f"order_status_update {number} ingepland", f"order_status_update {number} in behandeling"]
    example.move(OrderStatus.COMPLETED)
    assert example.told()[3:] == [f"order_completion_notification {number} afgerond"]
    assert len(example.came()) == 1
    with transaction() as session:
        (thread,) = session.execute(sa.select(Thread)).scalars()
        kinds = session.execute(
            sa.select(Message.message_type).where(Message.thread_id == thread.id).order_by(Message.seq)
        ).scalars()
        assert [kind.value for kind in kinds] == ["incoming", *["auto_response"] * 5]
        assert {row.state for row in session.execute(sa.select(Delivery)).scalars()} == {"done"}
    assert example.deaths > 30
