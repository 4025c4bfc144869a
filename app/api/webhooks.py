"""Serve /webhooks: outgoing webhooks and the log of their deliveries. `app/hooks` receives incoming webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer, answer, check_if_match, content_tag, show
from app.api.authorize import current_viewer, require
from app.api.brand import choose_brand_id
from app.api.idempotency import write
from app.api.registry import Routes
from app.api.schemas.base import IdPath
from app.api.schemas.webhooks import (
    AttemptOut,
    DeliveryPath,
    SecretRotate,
    WebhookCreate,
    WebhookDeliveryListQuery,
    WebhookDeliveryOut,
    WebhookDeliveryPage,
    WebhookListQuery,
    WebhookOut,
    WebhookPage,
    WebhookUpdate,
)
from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import db
from app.core.keyset import Sort
from app.core.problems import Problem
from app.core.runtime import runtime
from app.domain.accounts.models import Brand
from app.domain.accounts.permissions import Permission
from app.domain.webhooks import actions
from app.domain.webhooks.actions import EndpointContent
from app.domain.webhooks.models import EndpointKind, WebhookAttempt, WebhookEndpoint
from app.domain.webhooks.queries import (
    STATES,
    DeliveryFilter,
    DeliveryRow,
    get_delivery,
    get_endpoint,
    list_attempts,
    page_deliveries,
    page_endpoints,
)
from app.domain.webhooks.rules import checked_url
from app.domain.webhooks.secrets import open_sealed

routes = Routes("Webhooks")
KINDS = (EndpointKind.WEBHOOK,)
CREATE = {"name": "Warehouse", "url": "https://example.com/hooks", "brand": "chargecars", "event_types": ["job.created"]}
_STATE_OF = {state: name for name, states in STATES.items() for state in states}


@routes.add("get", "/webhooks", scope="webhooks:read", answers=WebhookPage)
def list_webhooks(query: WebhookListQuery) -> Response:
    """List outgoing webhooks.

    For administrators. Limited to the brands the token's owner may see.
    """
    viewer, session = require(Permission.INTEGRATIONS_MANAGE), db.session()
    page = page_endpoints(
        session, brand_ids=viewer.brand_ids, sort=Sort.parse(query.sort), limit=query.limit, cursor=query.cursor
    )
    return answer(WebhookPage(items=[_out(session, one) for one in page.items], next_cursor=page.next_cursor)).response()


@routes.add("get", "/webhooks/<uuid:id>", scope="webhooks:read", answers=WebhookOut, refuses=(404,))
def get_webhook(path: IdPath) -> Response:
    """Show one webhook."""
    return show(_out(db.session(), _find(db.session(), path.id)))


@routes.add("post", "/webhooks", scope="webhooks:write", answers=WebhookOut, status=201, example=CREATE)
def create_a_webhook(body: WebhookCreate) -> Response:
    """Add a webhook.

    The signing secret is shown only in this answer; in a repeat with the same Idempotency-Key it is null. Messages are
    signed by Standard Webhooks 1.0, so the libraries of that standard can verify them.
    """
    require(Permission.INTEGRATIONS_MANAGE)
    return write(lambda session: _create(session, body))


@routes.change(
    "/webhooks/<uuid:id>",
    scope="webhooks:write",
    answers=WebhookOut,
    example={"state": "paused"},
    example_of_put={"event_types": ["job.created", "job.completed"]},
)
def update_a_webhook(path: IdPath, body: WebhookUpdate) -> Response:
    """Change, pause or resume a webhook.

    PUT and PATCH do the same: a field that is left out does not change.
    """
    return write(lambda session: _update(session, path.id, body))


@routes.add("delete", "/webhooks/<uuid:id>", scope="webhooks:write", answers=WebhookOut, refuses=(404,))
def delete_a_webhook(path: IdPath) -> Response:
    """Delete a webhook.

    Waiting deliveries are not sent. The answer shows the deleted webhook.
    """
    return write(lambda session: _delete(session, path.id))


@routes.add(
    "post",
    "/webhooks/<uuid:id>/secret",
    scope="webhooks:write",
    answers=WebhookOut,
    refuses=(404,),
    example={"overlap_seconds": 86_400},
)
def rotate_a_secret(path: IdPath, body: SecretRotate) -> Response:
    """Make a new signing secret.

    During the overlap every message has two signatures, the one by the new secret first. The new secret is shown only in
    this answer.
    """
    return write(lambda session: _rotate(session, path.id, body))


@routes.add("get", "/webhooks/<uuid:id>/deliveries", scope="webhooks:read", answers=WebhookDeliveryPage, refuses=(404,))
def list_deliveries(path: IdPath, query: WebhookDeliveryListQuery) -> Response:
    """List the deliveries of a webhook, newest first.

    Each delivery shows the body that was sent, and every attempt with the response to it.
    """
    session = db.session()
    found = _find(session, path.id)
    wanted = DeliveryFilter(query.state, query.event_type, query.since)
    page = page_deliveries(session, endpoint_id=found.id, wanted=wanted, limit=query.limit, cursor=query.cursor)
    return answer(WebhookDeliveryPage(items=_deliveries(session, page.items), next_cursor=page.next_cursor)).response()


@routes.add(
    "post",
    "/webhooks/<uuid:id>/test",
    scope="webhooks:write",
    answers=WebhookDeliveryOut,
    status=202,
    refuses=(404, 409),
    takes="",
)
def test_a_webhook(path: IdPath) -> Response:
    """Send a test event.

    The event is a `test.ping`, signed like any other event. The limit is ten an hour. To see the result, list the
    deliveries.
    """
    return write(lambda session: _test(session, path.id))


@routes.add(
    "post",
    "/webhooks/<uuid:id>/deliveries/<uuid:delivery_id>/retry",
    scope="webhooks:write",
    answers=WebhookDeliveryOut,
    status=202,
    refuses=(404, 409),
    takes="",
)
def retry_a_delivery(path: DeliveryPath) -> Response:
    """Send a delivery again, or try it now.

    The delivery keeps its id and its exact body. The answer is 409 while the delivery is being sent, and for a skipped
    delivery.
    """
    return write(lambda session: _retry(session, path))


def _find(session: Session, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    found = get_endpoint(session, endpoint_id, brand_ids=current_viewer().brand_ids, kinds=KINDS)
    require(Permission.INTEGRATIONS_MANAGE)
    return found


def _locked(session: Session, endpoint_id: uuid.UUID) -> WebhookEndpoint:
    session.get(WebhookEndpoint, endpoint_id, with_for_update=True, populate_existing=True)
    return _find(session, endpoint_id)


def _checked(url: str) -> str:
    settings = runtime().settings
    return checked_url(url, allows_http=bool(settings.outbound_allow), ports=settings.outbound_ports)


def _create(session: Session, body: WebhookCreate) -> Answer:
    viewer = current_viewer()
    content = EndpointContent(
        body.name,
        _checked(body.url),
        tuple(body.event_types),
        body.headers,
        schedule=body.schedule,
        includes_customer_data=body.includes_customer_data,
    )
    made, secret = actions.create_endpoint(
        session,
        content,
        kind=EndpointKind.WEBHOOK,
        brand_id=choose_brand_id(session, viewer=viewer, key=body.brand, owner=None, owner_name=""),
        keyring=runtime().keyring,
        now=utc_now(),
        actor=viewer.actor,
    )
    return _told_once(session, made, secret, 201)


def _update(session: Session, endpoint_id: uuid.UUID, body: WebhookUpdate) -> Answer:
    found, now, sent = _locked(session, endpoint_id), utc_now(), body.model_dump(exclude_unset=True)
    check_if_match(content_tag(_out(session, found)))
    state, actor, keyring = sent.pop("state", None), current_viewer().actor, runtime().keyring
    if sent:
        try:
            content = _changed(found, sent, open_sealed(found, keyring=keyring).headers)
            actions.change_endpoint(session, found, content, keyring=keyring, now=now, actor=actor)
        except UnableToDecrypt:
            raise Problem("state_conflict", "Its secrets cannot be opened: make a new one first") from None
    if state is not None:
        move = actions.pause_endpoint if state == "paused" else actions.resume_endpoint
        move(session, found, now=now, actor=actor)
    out = _out(session, found)
    return answer(out, etag=content_tag(out))


def _changed(found: WebhookEndpoint, sent: dict[str, Any], headers: dict[str, str]) -> EndpointContent:
    return EndpointContent(
        sent.get("name", found.name),
        _checked(sent["url"]) if "url" in sent else found.url,
        tuple(sent.get("event_types", found.event_types)),
        sent.get("headers", headers),
        schedule=sent.get("schedule", found.schedule),
        payload_version=found.payload_version,
        signature_header=found.signature_header,
        event_header=found.event_header,
        max_concurrency=found.max_concurrency,
        email_fallback=found.email_fallback,
        includes_customer_data=sent.get("includes_customer_data", found.includes_customer_data),
    )


def _delete(session: Session, endpoint_id: uuid.UUID) -> Answer:
    found = _locked(session, endpoint_id)
    out = _out(session, found)
    actions.delete_endpoint(session, found, now=utc_now(), actor=current_viewer().actor)
    return answer(out)


def _rotate(session: Session, endpoint_id: uuid.UUID, body: SecretRotate) -> Answer:
    found, overlap = _locked(session, endpoint_id), timedelta(seconds=body.overlap_seconds)
    actor, keyring = current_viewer().actor, runtime().keyring
    secret = actions.rotate_secret(session, found, keyring=keyring, now=utc_now(), actor=actor, overlap=overlap)
    return _told_once(session, found, secret, 200)


def _told_once(session: Session, found: WebhookEndpoint, secret: str, status: int) -> Answer:
    """Return the answer with the signing secret. The copy that is stored for repeats of the request has no secret."""
    out = _out(session, found)
    kept = answer(out, status, location=f"/api/v1/webhooks/{found.id}" if status == 201 else None)
    shown = out.model_copy(update={"secret": secret}).model_dump_json()
    return Answer(kept.status, shown, kept.headers, kept=kept.text)


def _test(session: Session, endpoint_id: uuid.UUID) -> Answer:
    found = _locked(session, endpoint_id)
    try:
        sent = actions.send_test_event(session, found, now=utc_now(), actor=current_viewer().actor)
    except actions.TooManyTests:
        raise Problem("state_conflict", "Ten test events an hour are enough: wait a while") from None
    row = get_delivery(session, sent.id, endpoint_id=found.id)
    return answer(_deliveries(session, [row])[0], 202)


def _retry(session: Session, path: DeliveryPath) -> Answer:
    found = _find(session, path.id)
    row = get_delivery(session, path.delivery_id, endpoint_id=found.id)
    try:
        actions.redeliver(session, row.delivery, now=utc_now(), actor=current_viewer().actor)
    except actions.StillUnderWay:
        raise Problem("state_conflict", "It is being sent at this moment, or it was skipped: nothing was changed") from None
    return answer(_deliveries(session, [row])[0], 202)


def _out(session: Session, found: WebhookEndpoint) -> WebhookOut:
    try:
        names = sorted(open_sealed(found, keyring=runtime().keyring).headers)
    except UnableToDecrypt:
        names = []
    return WebhookOut(
        id=found.id,
        name=found.name,
        url=found.url,
        brand=session.get_one(Brand, found.brand_id).key,
        event_types=found.event_types,
        header_names=names,
        includes_customer_data=found.includes_customer_data,
        schedule=found.schedule,
        state=found.state,
        state_reason=found.state_reason,
        failures_in_row=found.failures_in_row,
        failing_since=found.failing_since,
        last_delivered_at=found.last_ok_at,
        secret=None,
        created_at=found.created_at,
        updated_at=found.updated_at,
    )


def _deliveries(session: Session, rows: Sequence[DeliveryRow]) -> list[WebhookDeliveryOut]:
    attempts = list_attempts(session, [row.id for row in rows])
    return [_delivery(row, [one for one in attempts if one.delivery_id == row.id]) for row in rows]


def _delivery(row: DeliveryRow, attempts: list[WebhookAttempt]) -> WebhookDeliveryOut:
    delivery, message = row.delivery, row.message
    is_waiting = _STATE_OF[delivery.state] == "waiting"
    body = message.payload if delivery.body is None else delivery.body
    return WebhookDeliveryOut(
        id=delivery.id,
        message_id=message.public_id,
        event_type=message.event_type,
        state=_STATE_OF[delivery.state],  # type: ignore[arg-type]
        reason={"code": "behind"} if row.is_behind else delivery.why,
        trigger=delivery.trigger,
        next_attempt_at=delivery.run_at if is_waiting and not row.is_behind else None,
        created_at=delivery.created_at,
        ended_at=delivery.ended_at,
        payload=body.decode("utf-8", "replace"),
        attempts=[_attempt(one) for one in attempts],
    )


def _attempt(one: WebhookAttempt) -> AttemptOut:
    return AttemptOut(
        attempt_no=one.attempt_no,
        started_at=one.started_at,
        total_ms=one.total_ms,
        outcome=one.outcome,
        status=one.status,
        request_headers=one.request_headers,
        response_headers=one.response_headers,
        response_body=one.response_body.decode("utf-8", "replace"),
    )
