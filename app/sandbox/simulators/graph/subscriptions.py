"""Simulate Graph's change notifications: subscriptions with their handshake, and posts to our webhook.

    POST /__sim/emit {"kind": "notification", "mailbox", "id", "change": "created", "duplicate": 0, "batch": true,
                      "bad_signature": false}      batch: one post for all subscriptions; bad_signature: a wrong clientState
    POST /__sim/emit {"kind": "lifecycle", "event": "reauthorizationRequired" | "subscriptionRemoved" | "missed"}

Unless the setting `notify` is on, the simulator posts notifications only when a test asks for one. Delta alone says what
changed; a notification only triggers a poll.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from flask import Blueprint, Response, jsonify

from app.core.http import HttpClient, HttpFailure
from app.sandbox.simulators.common import BadOrder
from app.sandbox.simulators.graph.calls import READ, body_json, check_token, created
from app.sandbox.simulators.graph.problems import GraphProblem, bad_request, not_found
from app.sandbox.simulators.graph.shape import stamp
from app.sandbox.simulators.graph.store import Json
from app.sandbox.simulators.graph.tenant import Tenant

LONGEST = timedelta(minutes=10_080)
SHORTEST = timedelta(minutes=45)
CHANGES = frozenset({"created", "updated", "deleted"})
LIFECYCLE = ("reauthorizationRequired", "subscriptionRemoved", "missed")
_RESOURCE = re.compile(r"/?users/([^/]+)/mailFolders(?:\('([^']+)'\)|/([^/]+))/messages", re.IGNORECASE)
_HANDSHAKE_SECONDS = 10


@dataclass
class Subscription:
    id: str
    resource: str
    change_type: str
    notification_url: str
    lifecycle_url: str
    client_state: str
    expires_at: datetime

    @property
    def mailbox(self) -> str:
        match = _RESOURCE.fullmatch(self.resource)
        return match[1].lower() if match else ""

    def shown(self) -> Json:
        return {
            "id": self.id,
            "resource": self.resource,
            "changeType": self.change_type,
            "notificationUrl": self.notification_url,
            "lifecycleNotificationUrl": self.lifecycle_url or None,
            "expirationDateTime": stamp(self.expires_at),
        }


def subscription_routes(tenant: Tenant) -> Blueprint:  # noqa: C901  one small function per route
    routes = Blueprint("graph_subscriptions", __name__, url_prefix="/v1.0/subscriptions")

    @routes.before_request
    def check() -> None:
        check_token(tenant, READ)

    @routes.post("")
    def subscribe() -> Response:
        wanted = _wanted(tenant, body_json())
        if any(_same(one, wanted) for one in _alive(tenant)):
            raise GraphProblem(409, "ExtensionError", "Subscription already exists for this application and resource.")
        for url in filter(None, (wanted.notification_url, wanted.lifecycle_url)):
            _shake_hands(url)
        tenant.subscriptions[wanted.id] = wanted
        return created(wanted.shown() | {"clientState": wanted.client_state})

    @routes.get("")
    def list_all() -> Response:
        return jsonify(value=[one.shown() for one in _alive(tenant)])

    @routes.get("/<subscription_id>")
    def show(subscription_id: str) -> Response:
        return jsonify(_get(tenant, subscription_id).shown())

    @routes.patch("/<subscription_id>")
    def renew(subscription_id: str) -> Response:
        body, one = body_json(), _get(tenant, subscription_id)
        if set(body) != {"expirationDateTime"}:
            raise bad_request("Only the expiration can be changed.", "ValidationError")
        one.expires_at = _expiry(tenant, body)
        return jsonify(one.shown())

    @routes.delete("/<subscription_id>")
    def unsubscribe(subscription_id: str) -> Response:
        del tenant.subscriptions[_get(tenant, subscription_id).id]
        return Response(status=204)

    @routes.post("/<subscription_id>/reauthorize")
    def reauthorize(subscription_id: str) -> Response:
        _get(tenant, subscription_id)
        return Response(status=204)

    return routes


def notify(tenant: Tenant, order: Json) -> Json:
    """Carry out an emit of kind "notification" or "lifecycle".

    Return {"answers": [...]} with the HTTP status of each post, or None for a post without an answer. Raises `BadOrder` for
    an unknown lifecycle event.
    """
    if order.get("kind") == "lifecycle":
        if order.get("event") not in LIFECYCLE:
            raise BadOrder(f"event must be one of {', '.join(LIFECYCLE)}")
        posts = [(one.lifecycle_url, [_lifecycle(tenant, one, order)]) for one in _alive(tenant) if one.lifecycle_url]
    else:
        items = [(one.notification_url, _notification(tenant, one, order)) for one in _interested(tenant, order)]
        posts = _grouped(items, together=bool(order.get("batch")))
    copies = 1 + int(order.get("duplicate") or 0)
    return {"answers": [_post(url, {"value": value}) for url, value in posts for _ in range(copies)]}


def _wanted(tenant: Tenant, body: Json) -> Subscription:
    needed = ("changeType", "notificationUrl", "resource", "expirationDateTime")
    if missing := [name for name in needed if not body.get(name)]:
        raise bad_request(f"Missing: {', '.join(missing)}.", "ValidationError")
    user = check_token(tenant, READ).user
    wanted = Subscription(
        id=str(uuid4()),
        resource=re.sub("^/?me/", f"/users/{user}/", str(body["resource"])),
        change_type=str(body["changeType"]),
        notification_url=str(body["notificationUrl"]),
        lifecycle_url=str(body.get("lifecycleNotificationUrl") or ""),
        client_state=str(body.get("clientState") or ""),
        expires_at=_expiry(tenant, body),
    )
    if not set(wanted.change_type.split(",")) <= CHANGES or len(wanted.client_state) > 128:
        raise bad_request("changeType or clientState is not valid.", "ValidationError")
    if not wanted.mailbox or tenant.mailbox(wanted.mailbox) is None:
        raise bad_request("The resource is not supported.", "ExtensionError")
    return wanted


def _expiry(tenant: Tenant, body: Json) -> datetime:
    try:
        asked = datetime.fromisoformat(str(body["expirationDateTime"]))
    except ValueError as error:
        raise bad_request("expirationDateTime is not a time.", "ValidationError") from error
    if asked.tzinfo is None or asked > tenant.now() + LONGEST:
        raise bad_request("Subscription expiration can only be 10080 minutes in the future.", "ValidationError")
    return max(asked, tenant.now() + SHORTEST)


def _shake_hands(url: str) -> None:
    """Check a webhook as Graph does: post a token, which the webhook must return. Raises `GraphProblem` 400 if it does not."""
    token = f"Validation: Testing client application reachability <{uuid4()}>"
    try:
        answer = _client().request("POST", url, params={"validationToken": token}, data=b"", deadline=_HANDSHAKE_SECONDS)
    except HttpFailure as failure:
        raise bad_request(f"Subscription validation request failed: {failure.kind}.", "ValidationError") from failure
    kind = answer.headers.get("content-type", "").partition(";")[0].strip()
    if answer.status != 200 or kind != "text/plain" or answer.text != token:
        text = f"Subscription validation request failed: {answer.status} {kind}, or the token was not echoed."
        raise bad_request(text, "ValidationError")


def _same(one: Subscription, other: Subscription) -> bool:
    return (one.resource.lower(), one.change_type) == (other.resource.lower(), other.change_type)


def _alive(tenant: Tenant) -> list[Subscription]:
    return [one for one in tenant.subscriptions.values() if one.expires_at > tenant.now()]


def _get(tenant: Tenant, subscription_id: str) -> Subscription:
    found = next((one for one in _alive(tenant) if one.id == subscription_id), None)
    if found is None:
        raise not_found()
    return found


def _interested(tenant: Tenant, order: Json) -> list[Subscription]:
    change, mailbox = str(order.get("change") or "created"), str(order.get("mailbox") or "").lower()
    return [one for one in _alive(tenant) if change in one.change_type.split(",") and mailbox in ("", one.mailbox)]


def _notification(tenant: Tenant, one: Subscription, order: Json) -> Json:
    message_id = str(order.get("id") or "AAkALgUnknown==")
    path = f"Users/{one.mailbox}/Messages/{message_id}"
    return _common(tenant, one, order) | {
        "changeType": str(order.get("change") or "created"),
        "resource": path,
        "resourceData": {"@odata.type": "#Microsoft.Graph.Message", "@odata.id": path, "@odata.etag": 'W/"1"', "id": message_id},
    }


def _lifecycle(tenant: Tenant, one: Subscription, order: Json) -> Json:
    return _common(tenant, one, order) | {"lifecycleEvent": order["event"]}


def _common(tenant: Tenant, one: Subscription, order: Json) -> Json:
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": stamp(one.expires_at),
        "clientState": "forged" if order.get("bad_signature") else one.client_state,
        "tenantId": tenant.settings.tenant_id,
    }


def _grouped(items: Sequence[tuple[str, Json]], *, together: bool) -> list[tuple[str, list[Json]]]:
    if not together:
        return [(url, [item]) for url, item in items]
    urls = dict.fromkeys(url for url, _ in items)
    return [(url, [item for other, item in items if other == url]) for url in urls]


def _post(url: str, body: Json) -> int | None:
    try:
        return _client().request("POST", url, json=body).status
    except HttpFailure:
        return None


def _client() -> HttpClient:
    return HttpClient(allowed_networks=("127.0.0.0/8", "::1/128"))
