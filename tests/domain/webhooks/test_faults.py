"""Faults around callbacks: Redis is emptied between queue and delivery, and a receiver is gone for a day."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from rq import Queue

from app.core.clock import utc_now
from app.core.runtime import runtime
from app.domain.events.actions import SYSTEM
from app.domain.events.relay import relay_once
from app.domain.webhooks import actions, engine
from app.domain.webhooks.models import EndpointKind, WebhookEndpoint
from app.wiring import SEND, sources
from tests.domain.webhooks.conftest import Callbacks
from tests.support.receiver import CLOSES, FINE, Receiver, receiving

ORDERS, EVENTS = ("order:1", "order:2", "order:3"), 4
SWEEP_SECONDS = 15
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.fixture
def neighbour() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def numbers(receiver: Receiver) -> list[int]:
    return [json.loads(one.body)["number"] for one in receiver.got]


def comes_once_in_order(receiver: Receiver, told: dict[str, list[int]]) -> bool:
    """Whether everything came in once, and of each order one after the other."""
    came, every = numbers(receiver), sorted(number for those in told.values() for number in those)
    return sorted(came) == every and all([one for one in came if one in those] == those for those in told.values())


def hint() -> int:
    """What the relay does for callbacks; how many jobs wait afterwards."""
    ours = tuple(source for source in sources() if source.table is engine.TABLE)
    relay_once(ours, connection=runtime().redis, sweep_seconds=SWEEP_SECONDS)
    return len(queue())


def queue() -> Queue:
    return Queue(SEND, connection=runtime().redis, serializer="json")


def take_job() -> list[uuid.UUID]:
    """The rows of the next job, which is out of the queue then, as a worker has it."""
    job_id = queue().pop_job_id()
    job = queue().fetch_job(job_id)
    job.delete()
    return [uuid.UUID(row_id) for row_id in job.kwargs["row_ids"]]


def test_what_was_queued_when_redis_is_emptied_comes_in_once_and_in_order(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    told = {key: [place * EVENTS + number for number in range(EVENTS)] for place, key in enumerate(ORDERS)}
    for number in range(EVENTS):
        for key in ORDERS:
            callbacks.tell(told[key][number], ordering_key=key)
    late = list[list[uuid.UUID]]()
    while hint():
        late.append(take_job())
        engine.deliver_all(late[-1][-1:])  # the worker begins with the newest, and is slow with the others
        hint()
        runtime().redis.flushdb()
        assert hint() == 0, "whoever was told of lately is not told of again"
        callbacks.let_pass((SWEEP_SECONDS + 1) * SECOND)
        for _job in range(hint()):
            engine.deliver_all(take_job())
        engine.deliver_all(late[-1])
    for row_ids in late:
        engine.deliver_all(row_ids)
    assert comes_once_in_order(receiver, told)
    assert {(one.state, one.attempts) for one in callbacks.deliveries()} == {("done", 1)}


def test_a_partner_is_tried_after_0_60_and_180_seconds_and_then_it_is_stored(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = a_partner(callbacks, receiver)
    receiver.script = [CLOSES]
    tell(callbacks, 1, "order:1", endpoint)
    for tries, seconds in ((1, 60), (2, 120)):
        assert callbacks.work() == 1
        waits = callbacks.deliveries()[0].run_at - callbacks.attempts()[-1].ended_at
        assert seconds * SECOND <= waits < (seconds + 30) * SECOND
        callbacks.let_pass((seconds - 30) * SECOND)
        assert callbacks.work() == 0, f"not before {seconds} s after try {tries}"
        callbacks.let_pass((30 + seconds * 0.1) * SECOND)  # of which the last is jitter
    assert callbacks.work() == 1
    callbacks.let_pass(timedelta(days=1))
    assert callbacks.work() == 0
    (delivery,) = callbacks.deliveries()
    assert (delivery.state, delivery.why) == ("failed", {"code": "tries_used", "outcome": "reset", "tries": 3})


def test_after_a_day_away_everything_comes_in_order_and_nobody_else_waited(
    callbacks: Callbacks, receiver: Receiver, neighbour: Receiver
) -> None:
    gone, well = a_partner(callbacks, receiver), a_partner(callbacks, neighbour)
    receiver.script, began = [CLOSES], utc_now()
    told: dict[str, list[int]] = {key: [] for key in ORDERS}
    for number in range(12):
        key = ORDERS[number % len(ORDERS)]
        told[key].append(number)
        for endpoint in (gone, well):
            tell(callbacks, number, key, endpoint)
        callbacks.work()
        assert numbers(neighbour) == list(range(number + 1)), "it has it before any time passes"
        for _minute in range(3):
            callbacks.let_pass(MINUTE)
            callbacks.work()
        callbacks.let_pass(timedelta(hours=2))
    callbacks.work()
    for _minute in range(5):
        callbacks.let_pass(MINUTE)
        callbacks.work()
    stored = [one for one in callbacks.deliveries() if one.endpoint_id == gone.id]
    assert [(one.state, one.attempts) for one in stored] == [("failed", 3)] * 12
    receiver.got.clear()
    receiver.script = [FINE]
    callbacks.let_pass(MINUTE)
    again = callbacks.session.get_one(WebhookEndpoint, gone.id, populate_existing=True)
    since = began - timedelta(days=2)
    assert actions.redeliver_since(callbacks.session, again, since=since, now=utc_now(), actor=SYSTEM) == 12
    callbacks.session.commit()
    while callbacks.work(newest_first=True):
        pass
    assert comes_once_in_order(receiver, told)
    assert comes_once_in_order(neighbour, told)


def a_partner(callbacks: Callbacks, receiver: Receiver) -> WebhookEndpoint:
    return callbacks.endpoint(receiver.url, kind=EndpointKind.PARTNER, owner_id=uuid.uuid4())


def tell(callbacks: Callbacks, number: int, key: str, endpoint: WebhookEndpoint) -> None:
    callbacks.tell(number, kinds=(EndpointKind.PARTNER,), owner_id=endpoint.owner_id, ordering_key=key)
