"""Change notifications: the handshake, the life of a subscription, what is posted and how it can go wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask, Response, request

from app.sandbox.simulators.common import serve
from tests.sandbox.simulators.graph_caller import MAILBOX, Caller, code_of, running_graph


class Webhook:
    """Our side: echoes the validation token as `manner` says and keeps what is posted."""

    def __init__(self) -> None:
        self.manner = "right"
        self.posts: list[dict[str, Any]] = []
        app = Flask(__name__)
        app.add_url_rule("/hooks/<name>", view_func=self._answer, methods=["POST"])
        self.server = serve(app)

    def _answer(self, name: str) -> Response:
        token = request.args.get("validationToken")
        if token is None:
            self.posts.append({"to": name, **request.get_json()})
            return Response(status=202)
        kind = "text/html" if self.manner == "wrong type" else "text/plain"
        status = 500 if self.manner == "wrong status" else 200
        return Response("no" if self.manner == "wrong token" else token, status=status, content_type=kind)

    def url(self, name: str) -> str:
        return f"{self.server.url}/hooks/{name}"


@pytest.fixture
def graph() -> Iterator[Caller]:
    with running_graph() as caller:
        yield caller


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.stop()


def subscribe(graph: Caller, webhook: Webhook, folder: str = "inbox", minutes: int = 60, **changes: Any) -> Any:
    body = {
        "changeType": "created,updated",
        "notificationUrl": webhook.url("graph"),
        "lifecycleNotificationUrl": webhook.url("lifecycle"),
        "resource": f"/users/{MAILBOX}/mailFolders('{folder}')/messages",
        "expirationDateTime": (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat(),
        "clientState": "geheim",
    } | changes
    return graph.call("POST", f"{graph.url}/v1.0/subscriptions", json=body)


def test_subscription_is_made_after_the_handshake(graph: Caller, webhook: Webhook) -> None:
    made = subscribe(graph, webhook)

    assert made.status == 201
    assert [one["id"] for one in graph.get(f"{graph.url}/v1.0/subscriptions")["value"]] == [made.json()["id"]]


@pytest.mark.parametrize("manner", ["wrong type", "wrong status", "wrong token"])
def test_wrong_handshake_makes_no_subscription(graph: Caller, webhook: Webhook, manner: str) -> None:
    webhook.manner = manner

    assert code_of(subscribe(graph, webhook)) == (400, "ValidationError")
    assert graph.get(f"{graph.url}/v1.0/subscriptions")["value"] == []


def test_second_subscription_for_the_same_is_a_conflict(graph: Caller, webhook: Webhook) -> None:
    subscribe(graph, webhook)

    assert subscribe(graph, webhook).status == 409
    assert subscribe(graph, webhook, folder="sentitems").status == 201


@pytest.mark.parametrize(
    "changes",
    [
        {"changeType": "read"},
        {"clientState": "x" * 129},
        {"resource": "/users"},
        {"notificationUrl": ""},
        {"expirationDateTime": "soon"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_wrong_subscription_is_refused(graph: Caller, webhook: Webhook, changes: dict[str, Any]) -> None:
    assert subscribe(graph, webhook, **changes).status == 400


def test_life_is_at_most_a_week_and_at_least_45_minutes(graph: Caller, webhook: Webhook) -> None:
    short = subscribe(graph, webhook, minutes=5).json()
    ends_at = datetime.fromisoformat(short["expirationDateTime"])

    assert timedelta(minutes=44) < ends_at - datetime.now(UTC) < timedelta(minutes=46)
    assert subscribe(graph, webhook, folder="sentitems", minutes=10_090).status == 400


def test_renewed_subscription_lives_and_expired_one_is_gone(graph: Caller, webhook: Webhook) -> None:
    made = subscribe(graph, webhook).json()["id"]
    path = f"{graph.url}/v1.0/subscriptions/{made}"
    later = (datetime.now(UTC) + timedelta(days=6)).isoformat()

    assert graph.call("PATCH", path, json={"expirationDateTime": later}).status == 200
    assert graph.call("PATCH", path, json={"notificationUrl": "x"}).status == 400
    assert graph.call("POST", f"{path}/reauthorize").status == 204
    graph.control("clock", {"advance_seconds": 7 * 86_400})
    graph.sign_in()
    assert graph.call("PATCH", path, json={"expirationDateTime": later}).status == 404


def test_notifications_come_single_batched_doubled_and_forged(graph: Caller, webhook: Webhook) -> None:
    for folder in ("inbox", "sentitems"):
        subscribe(graph, webhook, folder=folder)
    order = {"kind": "notification", "mailbox": MAILBOX, "id": "AAk1"}
    assert graph.control("emit", order | {"duplicate": 1})["answers"] == [202] * 4
    graph.control("emit", order | {"batch": True, "bad_signature": True})

    assert [len(post["value"]) for post in webhook.posts] == [1, 1, 1, 1, 2]
    item = webhook.posts[0]["value"][0]
    assert (item["clientState"], item["changeType"], item["resourceData"]["id"]) == ("geheim", "created", "AAk1")
    assert {item["clientState"] for item in webhook.posts[-1]["value"]} == {"forged"}


def test_lifecycle_events_go_to_their_own_url(graph: Caller, webhook: Webhook) -> None:
    subscribe(graph, webhook)
    graph.control("emit", {"kind": "lifecycle", "event": "missed"})

    assert [(post["to"], post["value"][0]["lifecycleEvent"]) for post in webhook.posts] == [("lifecycle", "missed")]


def test_unsubscribed_webhook_hears_nothing(graph: Caller, webhook: Webhook) -> None:
    made = subscribe(graph, webhook).json()["id"]

    assert graph.call("DELETE", f"{graph.url}/v1.0/subscriptions/{made}").status == 204
    assert graph.control("emit", {"kind": "notification"})["answers"] == []
