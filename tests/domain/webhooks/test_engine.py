"""One attempt after the other, against a receiver that does what receivers do."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from flask import Flask
from standardwebhooks.webhooks import Webhook

from app.core import runtime as installed
from app.core.clock import utc_now
from app.core.http import HttpClient
from app.core.promises import keep
from app.core.runtime import runtime
from app.domain.accounts.models import Role
from app.domain.events.actions import SYSTEM
from app.domain.notifications.models import Notification
from app.domain.webhooks import actions, engine
from app.domain.webhooks.actions import Skip, queue_message
from app.domain.webhooks.models import EndpointKind, EndpointState, WebhookEndpoint, WebhookMessage
from tests.domain.webhooks.conftest import SECRET, Callbacks
from tests.factories import make_user
from tests.support.receiver import CLOSES, FINE, HANGS, Receiver, answer


def fresh(callbacks: Callbacks, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    return callbacks.session.get_one(WebhookEndpoint, endpoint.id, populate_existing=True)


def test_a_message_comes_in_once_signed_and_is_written_down(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url, headers={"Authorization": "Bearer of-theirs"})
    told = callbacks.tell(7, about={"label": "CC-7"})
    assert callbacks.work() == 1
    assert callbacks.work() == 0
    (got,) = receiver.got
    Webhook(SECRET).verify(got.body, got.headers)
    assert json.loads(got.body) == {"number": 7, "city": "Łódź"}
    assert (got.headers["authorization"], got.headers["user-agent"]) == ("Bearer of-theirs", "Switchyard-Webhooks/1")
    assert told is not None
    assert got.headers["webhook-id"] == told.public_id
    (delivery,), (attempt,) = callbacks.deliveries(), callbacks.attempts()
    assert (delivery.state, delivery.last_status, delivery.why["code"]) == ("done", 200, "delivered")
    assert (attempt.outcome, attempt.address, attempt.response_body, attempt.why) == ("ok", "127.0.0.1", b"ok", {"code": "event"})
    assert attempt.request_headers["Authorization"] == "***"
    assert attempt.request_headers["webhook-signature"] == got.headers["webhook-signature"]


def test_the_same_event_is_told_once_and_only_to_who_hears_it(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url, event_types=("order.created",))
    event_id = uuid.uuid4()
    assert callbacks.tell(event_id=event_id) is not None
    assert callbacks.tell(event_id=event_id) is None
    assert callbacks.tell(event_type="order.cancelled") is None
    callbacks.work()
    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    ("said", "outcome"),
    [(answer(500), "http_5xx"), (answer(404), "http_4xx"), (answer(301, "Location: /elsewhere"), "http_3xx"),
     (answer(408), "http_5xx"), (CLOSES, "reset"), (b"rubbish\r\n\r\n", "bad_response")],
)  # fmt: skip
def test_whatever_is_no_2xx_is_tried_again_by_the_schedule_with_the_same_bytes_and_id(
    callbacks: Callbacks, receiver: Receiver, said: bytes | None, outcome: str
) -> None:
    callbacks.endpoint(receiver.url)
    callbacks.tell()
    receiver.script = [said, said, FINE]
    callbacks.work()
    (delivery,) = callbacks.deliveries()
    assert (delivery.state, delivery.last_outcome, delivery.why) == (
        "ready",
        outcome,
        {"code": "retry", "seconds": 1, "planned": 1},
    )
    callbacks.try_until_it_ends()
    assert callbacks.deliveries()[0].state == "done"
    assert [one.outcome for one in callbacks.attempts()] == [outcome, outcome, "ok"]
    assert [one.why["code"] for one in callbacks.attempts()] == ["event", "retry", "retry"]
    assert (len(set(receiver.ids)), len({one.body for one in receiver.got}), len(receiver.got)) == (1, 1, 3)
    assert {one.path for one in receiver.got} == {"/hooks"}


def test_when_the_tries_are_used_up_it_is_kept_told_of_once_and_sent_again_by_hand(
    callbacks: Callbacks, receiver: Receiver
) -> None:
    endpoint = callbacks.endpoint(receiver.url, kind=EndpointKind.PARTNER, owner_id=uuid.uuid4(), email_fallback=True)
    callbacks.tell(kinds=(EndpointKind.PARTNER,), owner_id=endpoint.owner_id, about={"label": "CC-1"})
    receiver.script = [answer(503)]
    callbacks.try_until_it_ends()
    (delivery,) = callbacks.deliveries()
    assert (delivery.state, delivery.attempts, delivery.fallback) == ("failed", 3, "asked")
    assert delivery.why == {"code": "tries_used", "outcome": "http_5xx", "tries": 3}
    (given_up,) = callbacks.events("CallbackGivenUp")
    assert (given_up["email_fallback"], given_up["about"], given_up["owner_id"]) == (
        True,
        {"label": "CC-1"},
        str(endpoint.owner_id),
    )
    (failing,) = callbacks.events("CallbackEndpointFailing")
    assert failing["endpoint_id"] == str(endpoint.id)
    receiver.script = [answer(500), FINE]
    actions.redeliver(callbacks.session, delivery, now=utc_now(), actor=SYSTEM)
    callbacks.session.commit()
    callbacks.try_until_it_ends()
    assert [(one.attempt_no, one.trigger.value) for one in callbacks.attempts()[3:]] == [(4, "replay"), (5, "replay")]
    assert callbacks.deliveries()[0].state == "done"
    assert len(callbacks.events("CallbackEndpointRecovered")) == 1
    assert len(set(receiver.ids)) == 1


@pytest.mark.parametrize(
    ("header", "at_least", "at_most"),
    [("600", 600, 607), ("5", 60, 66.5), ("nonsense", 60, 66.5), ("-1", 60, 66.5), ("9999999", 3600, 3607)],
)  # fmt: skip
def test_a_receiver_that_asks_for_time_gets_it_within_an_hour(
    callbacks: Callbacks, receiver: Receiver, header: str, at_least: float, at_most: float
) -> None:
    callbacks.endpoint(receiver.url, schedule="partner")
    callbacks.tell()
    receiver.script = [answer(429, f"Retry-After: {header}")]
    callbacks.work()
    (delivery,) = callbacks.deliveries()
    assert at_least - 5 <= callbacks.waits_seconds(delivery.id) <= at_most
    assert delivery.why["code"] == ("asked" if at_least > 60 else "retry")


def test_an_endpoint_that_is_gone_is_disabled_and_holds_what_comes(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    callbacks.tell()
    receiver.script = [answer(410), FINE]
    callbacks.work()
    found = fresh(callbacks, endpoint)
    assert (found.state, found.state_reason) == (EndpointState.DISABLED, "gone")
    assert callbacks.deliveries()[0].state == "failed"
    callbacks.tell(2)
    assert callbacks.work() == 0
    actions.resume_endpoint(callbacks.session, found, now=utc_now(), actor=SYSTEM)
    callbacks.session.commit()
    assert callbacks.work() == 1
    assert callbacks.deliveries()[1].state == "done"


def test_five_days_without_a_success_disable_an_endpoint(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    receiver.script = [answer(500)]
    callbacks.tell()
    callbacks.work()
    assert fresh(callbacks, endpoint).state == EndpointState.ACTIVE
    fresh(callbacks, endpoint).failing_since = utc_now() - timedelta(days=5)
    callbacks.session.flush()
    callbacks.hasten()
    callbacks.work()
    found = fresh(callbacks, endpoint)
    assert (found.state, found.state_reason) == (EndpointState.DISABLED, "failing_long")


def test_of_one_matter_the_next_waits_for_the_one_before_and_others_go_on(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    for number, key in ((1, "order:1"), (2, "order:1"), (3, "order:2"), (4, "")):
        callbacks.tell(number, ordering_key=key)
    receiver.script = [answer(500), FINE]
    callbacks.work()
    assert sorted(json.loads(one.body)["number"] for one in receiver.got) == [1, 3, 4]
    callbacks.try_until_it_ends()
    order = [json.loads(one.body)["number"] for one in receiver.got]
    assert order.index(2) == len(order) - 1
    assert {one.state for one in callbacks.deliveries()} == {"done"}


def test_one_that_was_hinted_too_early_waits_its_turn(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    for number in (1, 2):
        callbacks.tell(number, ordering_key="order:1")
    engine.deliver(callbacks.deliveries()[1].id)
    assert receiver.got == []
    assert callbacks.deliveries()[1].attempts == 0


def test_a_hung_receiver_is_given_up_in_time_and_neighbours_are_not_kept_waiting(
    app_context: Flask, callbacks: Callbacks, receiver: Receiver
) -> None:
    before = runtime()
    endpoint = callbacks.endpoint(receiver.url)
    receiver.script = [HANGS]
    callbacks.tell()

    class Hasty(HttpClient):
        """Its clock runs a hundred times as fast."""

        def request(self, *arguments, **options):  # type: ignore[no-untyped-def]
            times = {name: options[name] / 100 for name in ("read_timeout", "deadline")}
            return super().request(*arguments, **{**options, **times})

    installed.install(app_context, replace(before, http=Hasty(allowed_networks=["127.0.0.0/8"])))
    try:
        began = time.monotonic()
        callbacks.work()
        assert time.monotonic() - began < 5
    finally:
        installed.install(app_context, before)
    assert callbacks.attempts()[0].outcome == "timeout"
    assert fresh(callbacks, endpoint).failures_in_row == 1


def test_an_endpoint_that_fails_again_and_again_rests_and_is_tried_by_one_alone(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    receiver.script = [answer(500)]
    for number in range(12):
        callbacks.tell(number)
    callbacks.work()
    assert len(receiver.got) == 10
    callbacks.hasten()
    assert callbacks.work() == 0
    rested = sa.update(WebhookEndpoint).values(resting_until=sa.text("now() - interval '1 second'"))
    callbacks.session.execute(rested)
    callbacks.session.commit()
    assert callbacks.work() == 12
    assert len(receiver.got) == 11
    assert [one.why["code"] for one in callbacks.deliveries() if one.state == "ready"].count("resting") == 11
    callbacks.session.execute(rested)
    receiver.script = [FINE]
    callbacks.try_until_it_ends()
    assert {one.state for one in callbacks.deliveries()} == {"done"}
    assert fresh(callbacks, endpoint).resting_until is None


def test_no_address_inside_our_walls_is_called_and_a_person_is_told(
    app_context: Flask, callbacks: Callbacks, receiver: Receiver
) -> None:
    before = runtime()
    callbacks.endpoint(receiver.url)
    callbacks.tell()
    installed.install(app_context, replace(before, http=HttpClient()))
    try:
        callbacks.work()
    finally:
        installed.install(app_context, before)
    assert receiver.got == []
    assert callbacks.deliveries()[0].why == {"code": "final", "outcome": "blocked", "tries": 1}
    assert len(callbacks.events("CallbackEndpointFailing")) == 1


def test_an_endless_answer_is_cut_and_counts_by_its_status(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    callbacks.tell()
    receiver.script = [answer(200, body=b"x" * 1_000_000)]
    callbacks.work()
    (attempt,) = callbacks.attempts()
    assert (attempt.outcome, len(attempt.response_body), attempt.is_cut) == ("ok", 4096, True)


def test_an_owner_s_message_is_kept_with_why_nobody_is_told(callbacks: Callbacks, receiver: Receiver) -> None:
    owner, kinds = uuid.uuid4(), (EndpointKind.PARTNER,)
    kept = callbacks.tell(kinds=kinds, owner_id=owner)
    assert kept is not None
    assert kept.skipped == "no_endpoint"
    callbacks.endpoint(receiver.url, kind=EndpointKind.PARTNER, owner_id=owner, event_types=("order.cancelled",))
    callbacks.tell(kinds=kinds, owner_id=owner)
    callbacks.tell(kinds=kinds, owner_id=owner, event_type="order.cancelled", render=lambda _one: Skip("no_status_mapping"))
    callbacks.tell(kinds=kinds, owner_id=owner, event_type="order.cancelled", render=lambda _one: b'{"own":1}')
    assert [(one.state, one.why["code"]) for one in callbacks.deliveries()] == [
        ("skipped", "event_not_subscribed"),
        ("skipped", "no_status_mapping"),
        ("ready", "event"),
    ]
    callbacks.work()
    assert [one.body for one in receiver.got] == [b'{"own":1}']


def test_test_events_are_signed_limited_and_count_for_nothing(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    receiver.script = [answer(500)]
    for _ in range(10):
        actions.send_test_event(callbacks.session, endpoint, now=utc_now(), actor=SYSTEM)
    with pytest.raises(actions.TooManyTests):
        actions.send_test_event(callbacks.session, endpoint, now=utc_now(), actor=SYSTEM)
    callbacks.session.commit()
    callbacks.work()
    Webhook(SECRET).verify(receiver.got[0].body, receiver.got[0].headers)
    assert json.loads(receiver.got[0].body)["test"] is True
    assert fresh(callbacks, endpoint).failures_in_row == 0


def test_many_are_sent_again_since_a_time_in_their_order(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url, schedule="partner")
    for number in range(3):
        callbacks.tell(number, ordering_key="order:1")
    callbacks.try_until_it_ends()
    since, now = utc_now() - timedelta(hours=1), utc_now()
    again = partial(actions.redeliver_since, callbacks.session, endpoint, since=since, now=now, actor=SYSTEM)
    assert again() == 0
    assert again(states=("done", "failed")) == 3
    callbacks.session.commit()
    callbacks.try_until_it_ends()
    assert [json.loads(one.body)["number"] for one in receiver.got] == [0, 1, 2, 0, 1, 2]


def test_what_waits_is_skipped_when_its_endpoint_is_deleted(callbacks: Callbacks, receiver: Receiver) -> None:
    endpoint = callbacks.endpoint(receiver.url)
    callbacks.tell()
    actions.delete_endpoint(callbacks.session, endpoint, now=utc_now(), actor=SYSTEM)
    callbacks.session.commit()
    callbacks.work()
    assert (callbacks.deliveries()[0].state, receiver.got) == ("skipped", [])


def test_a_late_answer_of_a_worker_that_lost_the_row_writes_nothing(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    callbacks.tell()
    (delivery,) = callbacks.deliveries()
    lost = sa.update(engine.TABLE).values(lease_until=sa.text("now() - interval '1 second'"))
    real = engine._post

    def overtaken(call: engine.Call) -> engine.Result:
        result = real(call)
        if len(receiver.got) == 1:
            callbacks.session.execute(lost)
            callbacks.session.commit()
            engine.deliver(delivery.id)
        return result

    promise = replace(engine.PROMISE, call=overtaken)
    keep(promise, delivery.id)
    assert [one.attempt_no for one in callbacks.attempts()] == [2]
    assert (callbacks.deliveries()[0].state, len(set(receiver.ids))) == ("done", 1)


def test_a_promise_stands_or_falls_with_the_change_it_tells(callbacks: Callbacks, receiver: Receiver) -> None:
    callbacks.endpoint(receiver.url)
    with callbacks.session.begin_nested() as point:
        queue_message(callbacks.session, event_type="order.created", payload={}, brand_id=callbacks.brand.id, now=utc_now())
        point.rollback()
    assert callbacks.session.execute(sa.select(sa.func.count()).select_from(WebhookMessage)).scalar_one() == 0


def test_whoever_connects_webhooks_is_told_once_that_one_fails_and_once_that_it_works(
    callbacks: Callbacks, receiver: Receiver
) -> None:
    make_user(callbacks.session, "Root", role=Role.ADMIN)
    make_user(callbacks.session, "Alice", brands=(callbacks.brand,))
    callbacks.endpoint(receiver.url, name="Lager")
    for number in range(5):
        callbacks.tell(number)
    receiver.script = [*(answer(500) for _ in range(5)), FINE]
    callbacks.work()
    callbacks.try_until_it_ends()
    told = callbacks.session.execute(sa.select(Notification.text, Notification.place).order_by(Notification.id)).all()
    assert [text for text, _place in told] == [
        "Our events are not reaching the webhook Lager: open it to see why",
        "The webhook Lager accepts our events again",
    ]
    assert {place for _text, place in told} == {f"/settings/webhooks/{callbacks.deliveries()[0].endpoint_id}/deliveries"}
