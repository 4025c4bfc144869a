"""The step of a rule or macro that calls a webhook does it once, and only where the webhook agrees to be called."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.automation.models import OutsideIntent
from app.domain.events.actions import Actor, Subject
from app.domain.events.models import Event
from app.domain.threads.actions import subject_of
from app.domain.threads.macro_run import Run, ask_outside
from app.domain.threads.macros import OutsideCall
from app.domain.threads.models import Thread
from app.domain.webhooks.handlers import tell_called_webhook
from app.domain.webhooks.models import WebhookMessage
from tests.domain.webhooks.conftest import Callbacks
from tests.factories import NOW, make_brand, make_channel, make_contact, make_thread
from tests.support.receiver import Receiver

URL = "https://example.com/hooks"


@pytest.fixture
def thread(callbacks: Callbacks) -> Thread:
    channel = make_channel(callbacks.session, callbacks.brand, keyring=runtime().keyring)
    contact = make_contact(callbacks.session, kind="email", value="pieter@example.nl")
    return make_thread(callbacks.session, channel, contact, subject="Storing")


def call(callbacks: Callbacks, subject: Subject, name: str) -> Event:
    """Run a macro with this step."""
    run = Run(actor=Actor(by={"kind": "automation", "name": "Storing"}), author_name="Storing", now=NOW, token=new_id())
    ask_outside(callbacks.session, (OutsideCall(kind="webhook", target=name),), subject=subject, run=run)
    callbacks.session.commit()
    newest = sa.select(Event).where(Event.type == "OutsideCallAsked").order_by(Event.id.desc()).limit(1)
    return callbacks.session.execute(newest).scalar_one()


def called(callbacks: Callbacks) -> list[dict[str, Any]]:
    """The bodies of the calls, as they go to an endpoint without customer data."""
    query = sa.select(WebhookMessage.payload).where(WebhookMessage.event_type == "rule.called").order_by(WebhookMessage.number)
    return [json.loads(payload) for payload in callbacks.session.execute(query).scalars()]


def states(callbacks: Callbacks) -> list[str]:
    return list(callbacks.session.execute(sa.select(OutsideIntent.state).order_by(OutsideIntent.id)).scalars())


def test_a_webhook_is_called_by_its_name_once(callbacks: Callbacks, receiver: Receiver, thread: Thread) -> None:
    callbacks.endpoint(receiver.url, name="Magazijn", event_types=("rule.called",))
    callbacks.endpoint(receiver.url, name="Andere", event_types=("*",))
    event = call(callbacks, subject_of(thread), " magazijn")
    tell_called_webhook(callbacks.session, event)  # an event may be handled twice
    callbacks.session.commit()
    callbacks.work()
    ours = [one for one in receiver.got if json.loads(one.body)["type"] == "rule.called"]
    body = json.loads(ours[0].body)
    assert (len(ours), body["id"], body["data"]["rule"]) == (1, str(event.id), "Storing")
    assert body["data"]["thread"]["number"] == thread.number
    assert "customer" not in body["data"]
    assert "Storing" not in json.dumps(body["data"]["thread"]), "its subject is the customer's text"
    assert states(callbacks) == ["done"]
    assert callbacks.session.get_one(Event, event.id, populate_existing=True).payload["is_told"]


def test_customer_data_goes_only_to_who_asks_for_it(callbacks: Callbacks, receiver: Receiver, thread: Thread) -> None:
    callbacks.endpoint(receiver.url, name="CRM", event_types=("rule.called",), includes_customer_data=True)
    call(callbacks, subject_of(thread), "CRM")
    callbacks.work()
    data = json.loads(receiver.got[-1].body)["data"]
    assert (data["customer"]["email"], data["thread_subject"]) == ("pieter@example.nl", "Storing")
    (kept,) = called(callbacks)
    assert "customer" not in kept["data"]


@pytest.mark.parametrize(
    "endpoint",
    [
        {"name": "Anders", "event_types": ("rule.called",)},
        {"name": "CRM", "event_types": ("job.created",)},
        {"name": "CRM", "event_types": ("rule.called",), "is_test": True},
    ],
    ids=["another name", "not subscribed", "test data only"],
)
def test_what_no_webhook_takes_stays_noted(callbacks: Callbacks, thread: Thread, endpoint: dict[str, Any]) -> None:
    callbacks.endpoint(URL, **endpoint)
    event = call(callbacks, subject_of(thread), "CRM")
    assert (called(callbacks), states(callbacks)) == ([], ["noted"])
    assert "is_told" not in event.payload


def test_another_brands_webhook_is_not_called(callbacks: Callbacks, thread: Thread) -> None:
    other = Callbacks(callbacks.session, make_brand(callbacks.session, key="laadpas"))
    other.endpoint(URL, name="CRM", event_types=("rule.called",))
    call(callbacks, subject_of(thread), "CRM")
    assert (called(callbacks), states(callbacks)) == ([], ["noted"])


def test_a_call_without_a_thread_is_about_the_brand(callbacks: Callbacks) -> None:
    callbacks.endpoint(URL, name="CRM", event_types=("*",))
    call(callbacks, Subject(brand_id=callbacks.brand.id), "CRM")
    (body,) = called(callbacks)
    assert body["data"] == {"rule": "Storing", "cause": None, "thread": None, "order": None}
    assert states(callbacks) == ["done"]
