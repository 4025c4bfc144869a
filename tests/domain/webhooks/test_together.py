"""Several deliveries of one endpoint in one turn: the same ends as one by one, for fewer ways to the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from app.core import runtime as installed
from app.core.clock import utc_now
from app.core.http import HttpClient
from app.core.ids import new_id
from app.core.runtime import runtime
from app.domain.webhooks import engine
from app.domain.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.domain.webhooks.conftest import Callbacks
from tests.support.receiver import FINE, Receiver, answer

STATES = {200: "done", 410: "failed", 500: "ready"}


def numbers(receiver: Receiver) -> list[int]:
    return [json.loads(one.body)["number"] for one in receiver.got]


def deliver_all(callbacks: Callbacks) -> None:
    engine.deliver_all([one.id for one in callbacks.deliveries()])


@pytest.fixture
def through(app_context: Flask) -> Callable[[type[HttpClient]], None]:
    """Calls go through another client."""
    before = runtime()

    def install(client: type[HttpClient]) -> None:
        installed.install(app_context, replace(before, http=client(allowed_networks=["127.0.0.0/8"])))

    yield install  # type: ignore[misc]
    installed.install(app_context, before)


def test_all_come_in_once_in_their_order_and_each_is_written_down(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    for number in range(5):
        callbacks.tell(number)
    deliver_all(callbacks)
    deliver_all(callbacks)
    assert numbers(receiver) == [0, 1, 2, 3, 4]
    found = callbacks.deliveries()
    assert {(one.state, one.attempts, one.last_status, one.why["code"]) for one in found} == {("done", 1, 200, "delivered")}
    assert all(one.ended_at and one.lease_token is None for one in found)
    assert {one.delivery_id for one in callbacks.attempts()} == {one.id for one in found}
    assert callbacks.session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True).last_ok_at is not None


@pytest.mark.parametrize("status", [410, 500])
def test_the_first_that_fails_ends_the_turn_and_costs_the_others_no_try(
    callbacks: Callbacks, receiver: Receiver, status: int
) -> None:
    callbacks.endpoint(receiver.url)
    for number in range(4):
        callbacks.tell(number)
    receiver.script = [FINE, answer(status), FINE]
    deliver_all(callbacks)
    assert numbers(receiver) == [0, 1]
    found = callbacks.deliveries()
    assert [one.state for one in found] == ["done", STATES[status], "ready", "ready"]
    assert [one.attempts for one in found] == [1, 1, 0, 0]
    assert all(one.lease_token is None and one.hinted_at is None for one in found[2:])


def test_one_that_fails_already_is_tried_by_one_alone(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    callbacks.session.execute(sa.update(WebhookEndpoint).values(failures_in_row=2))
    for number in range(3):
        callbacks.tell(number)
    deliver_all(callbacks)
    assert numbers(receiver) == [0]
    assert [one.state for one in callbacks.deliveries()] == ["done", "ready", "ready"]


def test_of_one_matter_the_first_goes_and_the_next_is_hinted_again(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    for number, key in ((1, "order:1"), (2, "order:1"), (3, "order:2"), (4, "")):
        callbacks.tell(number, ordering_key=key)
    callbacks.session.execute(sa.update(WebhookDelivery).values(hinted_at=utc_now()))
    deliver_all(callbacks)
    assert numbers(receiver) == [1, 3, 4]
    waiting = callbacks.deliveries()[1]
    assert (waiting.state, waiting.attempts, waiting.hinted_at) == ("ready", 0, None)
    deliver_all(callbacks)
    assert numbers(receiver) == [1, 3, 4, 2]


def test_those_of_another_who_calls_count_once_and_more_than_is_agreed_wait(callbacks: Callbacks, receiver: Receiver) -> None:
    """Each caller holds what it calls for by one lease."""
    callbacks.endpoint(receiver.url, max_concurrency=2)
    for number in range(5):
        callbacks.tell(number)
    held = {"state": "running", "lease_token": new_id(), "lease_until": utc_now() + timedelta(minutes=1)}
    first = [one.id for one in callbacks.deliveries()[:3]]
    callbacks.session.execute(sa.update(WebhookDelivery).where(WebhookDelivery.id.in_(first[:2])).values(**held))
    deliver_all(callbacks)
    assert numbers(receiver) == [2, 3, 4]
    for number, delivery_id in enumerate(first[:2]):
        others = {**held, "lease_token": new_id()}
        callbacks.session.execute(sa.update(WebhookDelivery).where(WebhookDelivery.id == delivery_id).values(**others))
        callbacks.tell(10 + number)
    deliver_all(callbacks)
    assert numbers(receiver) == [2, 3, 4]


def test_of_a_row_somebody_took_meanwhile_nothing_is_written(
    callbacks: Callbacks, receiver: Receiver, through: Callable[[type[HttpClient]], None]
) -> None:
    """The lease of the second is over while it is called: whoever has it now says what became of it."""
    callbacks.endpoint(receiver.url)
    for number in range(3):
        callbacks.tell(number)
    second, theirs = callbacks.deliveries()[1].id, new_id()

    class Slow(HttpClient):
        def request(self, *arguments, **options):  # type: ignore[no-untyped-def]
            took = sa.update(WebhookDelivery).where(WebhookDelivery.id == second).values(lease_token=theirs)
            callbacks.session.execute(took)
            callbacks.session.commit()
            return super().request(*arguments, **options)

    through(Slow)
    deliver_all(callbacks)
    found = callbacks.deliveries()
    assert [one.state for one in found] == ["done", "running", "done"]
    assert found[1].lease_token == theirs
    assert {one.delivery_id for one in callbacks.attempts()} == {found[0].id, found[2].id}


def test_a_mistake_of_ours_ends_its_row_and_no_other(
    callbacks: Callbacks, receiver: Receiver, through: Callable[[type[HttpClient]], None]
) -> None:
    callbacks.endpoint(receiver.url)
    for number in range(3):
        callbacks.tell(number)

    class Broken(HttpClient):
        def request(self, *arguments, **options):  # type: ignore[no-untyped-def]
            if b'"number":1' in options["data"].replace(b" ", b""):
                raise RuntimeError("of ours")
            return super().request(*arguments, **options)

    through(Broken)
    for _ in range(20):
        callbacks.hasten()
        deliver_all(callbacks)
    assert [one.state for one in callbacks.deliveries()] == ["done", "failed", "done"]
    assert callbacks.deliveries()[1].last_outcome == "error"
    assert sorted(numbers(receiver)) == [0, 2]
