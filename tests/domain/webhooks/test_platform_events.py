"""What outgoing webhooks are told of what happens here, and that they are told of their brand alone."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.runtime import runtime
from app.domain.connections.models import Channel
from app.domain.contacts.edit import ContactEdit, update_contact
from app.domain.events.actions import SYSTEM, Subject, record
from app.domain.orders.actions import set_order_status
from app.domain.orders.models import OrderStatus
from app.domain.orders.payments import NewPayment, add_payment
from app.domain.tasks.actions import TaskContent, create_task
from app.domain.threads.actions import change_status
from app.domain.threads.models import ThreadStatus
from app.domain.webhooks import platform_events
from app.domain.webhooks.models import WebhookMessage
from app.wiring import WIRING
from tests.domain.orders.factories import make_order
from tests.domain.webhooks.conftest import Callbacks
from tests.factories import NOW, make_brand, make_channel, make_contact, make_message, make_thread

URL = "https://example.com/hooks"


def told(session: Session) -> list[tuple[str, dict[str, Any]]]:
    query = sa.select(WebhookMessage).order_by(WebhookMessage.number).execution_options(populate_existing=True)
    return [(one.event_type, json.loads(one.payload)) for one in session.execute(query).scalars()]


def names(session: Session) -> list[str]:
    return [name for name, _body in told(session)]


@pytest.fixture
def channel(callbacks: Callbacks) -> Channel:
    return make_channel(callbacks.session, callbacks.brand, keyring=runtime().keyring)


def test_an_order_is_a_job_from_its_beginning_to_its_end_in_order(callbacks: Callbacks) -> None:
    callbacks.endpoint(URL)
    session, contact = callbacks.session, make_contact(callbacks.session)
    order = make_order(session, callbacks.brand, contact)
    set_order_status(session, order.id, OrderStatus.CANCELLED, reason="Dubbel", now=NOW, actor=SYSTEM)
    assert names(session) == ["job.created", "customer.created", "job.updated", "job.cancelled"]
    first, last = told(session)[0][1], told(session)[-1][1]
    assert (first["type"], first["brand"], first["data"]["order_number"]) == ("job.created", "chargecars", order.order_number)
    assert (last["data"]["order_status"], last["data"]["from"], last["data"]["reason"]) == ("cancelled", "new", "Dubbel")
    keys = {one.ordering_key for one in callbacks.deliveries() if one.ordering_key.startswith("order:")}
    assert keys == {f"order:{order.id}"}


def test_names_and_texts_are_said_only_where_the_endpoint_asks_for_them(callbacks: Callbacks, channel: Channel) -> None:
    callbacks.endpoint(URL)
    callbacks.endpoint(URL, includes_customer_data=True)
    contact = make_contact(callbacks.session, kind="email", value="pieter@example.nl")
    thread = make_thread(callbacks.session, channel, contact, subject="Laadpaal")
    message = make_message(callbacks.session, thread, text="Geheim bericht")
    subject = Subject(brand_id=callbacks.brand.id, thread_id=thread.id, message_id=message.id)
    record(callbacks.session, "MessageReceived", subject=subject, now=NOW)
    (bare, whole) = [one.body for one in callbacks.deliveries() if one.body or one.message_id][-2:]
    assert bare is None
    assert b"Geheim bericht" in (whole or b"")
    assert b"Geheim" not in json.dumps(told(callbacks.session)).encode()


def test_of_a_thread_its_beginning_its_state_and_its_tasks_are_told(callbacks: Callbacks, channel: Channel) -> None:
    callbacks.endpoint(URL, event_types=("thread.created", "thread.status_changed", "task.created", "customer.created"))
    session = callbacks.session
    thread = make_thread(session, channel, make_contact(session))
    change_status(session, thread_id=thread.id, status=ThreadStatus.RESOLVED, now=NOW, actor=SYSTEM)
    create_task(session, TaskContent(callbacks.brand.id, "Bellen", thread_id=thread.id), now=NOW, actor=SYSTEM)
    assert names(session) == ["thread.created", "customer.created", "thread.status_changed", "task.created"]
    make_thread(session, channel, make_contact(session))
    assert names(session)[4:] == ["thread.created"]  # of the same customer


def test_a_customer_who_changed_is_told_to_the_brands_that_know_them(callbacks: Callbacks, channel: Channel) -> None:
    session, other = callbacks.session, make_brand(callbacks.session, "laderthuis")
    contact = make_contact(session)
    make_thread(session, channel, contact)
    callbacks.endpoint(URL, event_types=("customer.updated",))
    Callbacks(session, other).endpoint(URL)
    update_contact(session, contact, ContactEdit({"name": "Pieter de Vries"}), actor=SYSTEM, now=NOW)
    update_contact(session, contact, ContactEdit({"name": "Pieter de Vries"}), actor=SYSTEM, now=NOW)
    assert told(session) == [("customer.updated", told(session)[0][1])]
    assert told(session)[0][1]["data"]["changed"] == ["name"]


def test_another_brand_hears_nothing(callbacks: Callbacks) -> None:
    other = make_brand(callbacks.session, "laderthuis")
    Callbacks(callbacks.session, other).endpoint(URL)
    make_order(callbacks.session, callbacks.brand, make_contact(callbacks.session))
    assert told(callbacks.session) == []


def test_money_is_told_with_its_amount_as_text(callbacks: Callbacks) -> None:
    callbacks.endpoint(URL, event_types=("payment.received",))
    session = callbacks.session
    order = make_order(session, callbacks.brand, make_contact(session))
    payment = NewPayment("make:tr_1", Decimal(1250), "EUR", "tr_1", NOW)
    add_payment(session, order, payment, now=NOW, actor=SYSTEM)
    ((name, body),) = told(session)
    assert (name, body["data"]["payment"]["currency"]) == ("payment.received", "EUR")
    assert isinstance(body["data"]["payment"]["amount"], str)


def test_every_event_that_is_told_is_wired_and_has_words() -> None:
    wired = {name for name, reactions in WIRING.in_transaction.items() if any("tell_webhooks" in repr(one) for one in reactions)}
    special = {"OrderStatusChanged", "DeliveryChanged", "EscalationStepReached"}
    assert wired == platform_events._OF_TYPE.keys() | special
    said = {name for several in platform_events._OF_TYPE.values() for name in several}
    assert said <= set(platform_events.NAMES)
