"""Create and change webhook endpoints, queue their messages, redeliver and test them. The caller owns the transaction.

`queue_message` is called in the transaction of the change that the message reports, so that both are written or neither.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.core.crypto import Keyring
from app.core.db import table_of
from app.core.ids import new_id
from app.core.standard_webhooks import new_signing_secret
from app.core.text import mark as N_
from app.core.work import FAILED, READY, RUNNING
from app.domain.events.actions import Actor, audit
from app.domain.webhooks import secrets as sealed
from app.domain.webhooks.models import (
    ANY_EVENT,
    MAX_BODY_BYTES,
    MAX_EVENT_TYPES,
    MAX_NAME,
    SKIPPED,
    EndpointKind,
    EndpointState,
    Trigger,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from app.domain.webhooks.queries import count_tests_since, list_listening, replayable
from app.domain.webhooks.rules import BadEndpoint, checked_header_name, checked_headers, is_event_type
from app.domain.webhooks.schedules import SCHEDULES

PARTNER_SIGNATURE_HEADER, PARTNER_EVENT_HEADER = "X-ChargeCars-Signature", "X-ChargeCars-Event"
TEST_EVENT, TESTS_AN_HOUR = "test.ping", 10
REPLAY_AT_MOST = 5000
_DELIVERIES = sa.insert(table_of(WebhookDelivery))
_KEEP_MESSAGE = postgresql.insert(WebhookMessage).on_conflict_do_nothing(index_elements=["dedupe_key"]).returning(WebhookMessage)


class TooManyTests(Exception):
    """Raised when the endpoint has already got TESTS_AN_HOUR test events within the last hour."""


class StillUnderWay(Exception):
    """Raised when a delivery cannot be sent again, because it is being sent now or was skipped."""


class BodyTooLarge(ValueError):
    """The body exceeds MAX_BODY_BYTES."""


@dataclass(frozen=True)
class Skip:
    """The reason why a message is not sent to an endpoint: a code of `WebhookDelivery.why` and its parameters."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


Render = Callable[[WebhookEndpoint], bytes | Skip | None]


@dataclass(frozen=True)
class EndpointContent:
    """An endpoint's content as people enter it. `url` was checked already. `schedule` "" means the default of its kind."""

    name: str
    url: str
    event_types: Sequence[str] = (ANY_EVENT,)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    schedule: str = ""
    payload_version: str = ""
    signature_header: str = ""
    event_header: str = ""
    max_concurrency: int = 4
    email_fallback: bool = False
    includes_customer_data: bool = False


def partner_content(name: str, url: str, **more: Any) -> EndpointContent:
    """Return the content of a partner's endpoint, with the names of headers that the partner documentation gives."""
    usual = {"signature_header": PARTNER_SIGNATURE_HEADER, "event_header": PARTNER_EVENT_HEADER}
    return EndpointContent(name, url, **{**usual, **more})


def create_endpoint(
    session: Session,
    content: EndpointContent,
    *,
    kind: EndpointKind,
    brand_id: uuid.UUID,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    owner_id: uuid.UUID | None = None,
    is_test: bool = False,
    secret: str | None = None,
) -> tuple[WebhookEndpoint, str]:
    """Create an endpoint and return it with its signing secret, which is shown only now. `secret` is used if given; otherwise a
    new one is made. Raises BadEndpoint."""
    _check(content)
    endpoint = WebhookEndpoint(id=new_id(), kind=kind, owner_id=owner_id, brand_id=brand_id, is_test=is_test, created_at=now)
    endpoint.state, endpoint.state_reason, endpoint.failures_in_row = EndpointState.ACTIVE, "", 0
    endpoint.has_incident = False
    _fill(endpoint, content, now)
    secret = secret or new_signing_secret()
    sealed.seal(endpoint, sealed.EndpointSecrets(secret, headers=dict(content.headers)), keyring=keyring)
    session.add(endpoint)
    session.flush()
    _audit(session, "CallbackEndpointCreated", endpoint, now=now, actor=actor)
    return endpoint, secret


def change_endpoint(
    session: Session, endpoint: WebhookEndpoint, content: EndpointContent, *, keyring: Keyring, now: datetime, actor: Actor
) -> None:
    """Change an endpoint but keep its secret. Waiting deliveries go to the new URL. Raises BadEndpoint, UnableToDecrypt."""
    _check(content)
    kept = sealed.open_sealed(endpoint, keyring=keyring)
    if endpoint.url != content.url:
        _forget_failures(endpoint)
    _fill(endpoint, content, now)
    sealed.seal(endpoint, replace(kept, headers=dict(content.headers)), keyring=keyring)
    session.flush()
    _audit(session, "CallbackEndpointChanged", endpoint, now=now, actor=actor)


def rotate_secret(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    keyring: Keyring,
    now: datetime,
    actor: Actor,
    overlap: timedelta = sealed.OVERLAP,
) -> str:
    """Make a new signing secret and return it, which is shown only now. For `overlap`, messages are also signed with the old
    secret. Zero is for a secret that leaked."""
    rotated = sealed.open_sealed(endpoint, keyring=keyring).rotated(now=now, overlap=overlap)
    sealed.seal(endpoint, rotated, keyring=keyring)
    session.flush()
    detail = {"overlap_seconds": round(overlap.total_seconds())}
    _audit(session, "CallbackSecretRotated", endpoint, now=now, actor=actor, detail=detail)
    return rotated.signing


def pause_endpoint(session: Session, endpoint: WebhookEndpoint, *, now: datetime, actor: Actor) -> None:
    """Pause an endpoint: its deliveries wait."""
    if endpoint.state == EndpointState.ACTIVE:
        endpoint.state, endpoint.state_reason, endpoint.state_changed_at = EndpointState.PAUSED, "", now
        session.flush()
        _audit(session, "CallbackEndpointPaused", endpoint, now=now, actor=actor)


def resume_endpoint(session: Session, endpoint: WebhookEndpoint, *, now: datetime, actor: Actor) -> None:
    """Resume an endpoint: waiting deliveries are sent in order, with their remaining tries."""
    if endpoint.state != EndpointState.ACTIVE:
        endpoint.state, endpoint.state_reason, endpoint.state_changed_at = EndpointState.ACTIVE, "", now
        _forget_failures(endpoint)
        session.flush()
        waiting = sa.update(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.state == READY)
        session.execute(waiting.values(hinted_at=None).execution_options(synchronize_session=False))
        _audit(session, "CallbackEndpointResumed", endpoint, now=now, actor=actor)


def delete_endpoint(session: Session, endpoint: WebhookEndpoint, *, now: datetime, actor: Actor) -> None:
    """Delete an endpoint: waiting deliveries are skipped, sent ones stay in the log."""
    endpoint.deleted_at = now
    endpoint.sealed_secrets = None
    session.flush()
    waiting = sa.update(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.state == READY)
    why = {"code": "endpoint_deleted"}
    session.execute(waiting.values(state=SKIPPED, why=why, ended_at=now).execution_options(synchronize_session=False))
    _audit(session, "CallbackEndpointDeleted", endpoint, now=now, actor=actor)


def queue_message(
    session: Session,
    *,
    event_type: str,
    payload: Mapping[str, Any] | bytes,
    brand_id: uuid.UUID,
    now: datetime,
    owner_id: uuid.UUID | None = None,
    kinds: Collection[EndpointKind] = (EndpointKind.WEBHOOK,),
    ordering_key: str = "",
    event_id: uuid.UUID | None = None,
    dedupe_key: str | None = None,
    about: Mapping[str, Any] | None = None,
    is_test: bool = False,
    endpoints: Sequence[WebhookEndpoint] | None = None,
    render: Render | None = None,
    due_at: datetime | None = None,
) -> WebhookMessage | None:
    """Store a message and its deliveries to the endpoints of these kinds (of `owner_id`), only once for each `dedupe_key`.

    The default key is the event with its type. `endpoints`: those of `queries.list_listening`, if read already. `render`
    returns an endpoint's own bytes, a `Skip`, or None for the payload. `due_at`: the earliest time to send. Returns None if
    the message exists, or if no endpoint subscribes and there is no owner. An owner's message is always stored. Raises
    BodyTooLarge.
    """
    if endpoints is None:
        endpoints = list_listening(session, event_type, brand_id=brand_id, kinds=kinds, owner_id=owner_id, is_test=is_test)
    listening = [one for one in endpoints if owner_id is not None or one.hears(event_type)]
    if not listening and owner_id is None:
        return None
    message = _message(
        event_type=event_type,
        payload=payload if isinstance(payload, bytes) else serialize(payload),
        brand_id=brand_id,
        owner_id=owner_id,
        ordering_key=ordering_key,
        event_id=event_id,
        about=dict(about or {}),
        is_test=is_test,
        now=now,
    )
    message["dedupe_key"] = dedupe_key or (f"{event_id}:{event_type}" if event_id else message["id"].hex)
    message["skipped"] = "" if listening else "no_endpoint"
    written = _write(session, message)
    if written is None:
        return None
    rows = [_delivery(written, endpoint, _rendered(endpoint, event_type, render), now) for endpoint in listening]
    if rows:
        session.connection().execute(_DELIVERIES, [{**row, "run_at": due_at} if due_at else row for row in rows])
    return written


def send_test_event(session: Session, endpoint: WebhookEndpoint, *, now: datetime, actor: Actor) -> WebhookDelivery:
    """Queue a `test.ping`, signed as any message; it counts neither as success nor as failure. Raises TooManyTests."""
    if count_tests_since(session, endpoint.id, now=now, within=timedelta(hours=1)) >= TESTS_AN_HOUR:
        raise TooManyTests
    body = {"event": TEST_EVENT, "timestamp": timestamp(now), "test": True, "data": {"endpoint": endpoint.name}}
    message = _message(
        event_type=TEST_EVENT, payload=serialize(body), brand_id=endpoint.brand_id, owner_id=endpoint.owner_id, ordering_key="",
        event_id=None, about={}, is_test=endpoint.is_test, now=now,
    )  # fmt: skip
    message |= {"dedupe_key": message["id"].hex, "skipped": ""}
    written = _write(session, message)
    assert written is not None
    row = _delivery(written, endpoint, None, now)
    session.connection().execute(_DELIVERIES, [{**row, "trigger": Trigger.TEST.value}])
    _audit(session, "CallbackTestSent", endpoint, now=now, actor=actor)
    return session.get_one(WebhookDelivery, row["id"])


def redeliver(session: Session, delivery: WebhookDelivery, *, now: datetime, actor: Actor) -> None:
    """Send an ended delivery again, or try a waiting one now, with the same id and bytes. Raises StillUnderWay."""
    if delivery.state == RUNNING or delivery.state == SKIPPED:
        raise StillUnderWay
    if delivery.state == READY:
        again = sa.update(WebhookDelivery).where(WebhookDelivery.id == delivery.id, WebhookDelivery.state == READY)
        values: dict[str, Any] = {"run_at": sa.func.now(), "hinted_at": None}
    else:
        again = sa.update(WebhookDelivery).where(WebhookDelivery.id == delivery.id, WebhookDelivery.state == delivery.state)
        values = _again(actor)
    changed = again.values(**values).returning(WebhookDelivery.id).execution_options(synchronize_session=False)
    if session.execute(changed).scalar_one_or_none() is None:
        raise StillUnderWay
    session.refresh(delivery)
    endpoint = session.get_one(WebhookEndpoint, delivery.endpoint_id)
    _audit(session, "CallbackReplayed", endpoint, now=now, actor=actor, detail={"delivery_id": str(delivery.id)})


def redeliver_since(
    session: Session,
    endpoint: WebhookEndpoint,
    *,
    since: datetime,
    now: datetime,
    actor: Actor,
    states: Sequence[str] = (FAILED,),
) -> int:
    """Send deliveries created since `since` again that ended in one of `states` (`done`, `failed`), the oldest first, at most
    REPLAY_AT_MOST. Return how many."""
    oldest = sa.select(WebhookDelivery.id).where(*replayable(endpoint.id, since, states))
    oldest = oldest.order_by(WebhookDelivery.number).limit(REPLAY_AT_MOST).with_for_update(skip_locked=True)
    again = sa.update(WebhookDelivery).where(WebhookDelivery.id.in_(oldest.scalar_subquery())).values(**_again(actor))
    count = len(session.execute(again.returning(WebhookDelivery.id).execution_options(synchronize_session=False)).all())
    if count:
        detail = {"count": count, "since": since.isoformat()}
        _audit(session, "CallbacksReplayed", endpoint, now=now, actor=actor, detail=detail)
    return count


def serialize(body: Mapping[str, Any]) -> bytes:
    """Return the JSON body as the bytes that are signed and sent. Raises BodyTooLarge."""
    found = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    if len(found) > MAX_BODY_BYTES:
        raise BodyTooLarge(str(len(found)))
    return found


def timestamp(at: datetime) -> str:
    """Return the instant as RFC 3339 text in UTC with milliseconds, the form that all bodies use."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _message(**values: Any) -> dict[str, Any]:
    now = values.pop("now")
    return {"id": new_id(), "occurred_at": now, "created_at": now, **values}


def _write(session: Session, message: dict[str, Any]) -> WebhookMessage | None:
    """Write the message and return it. Return None if its `dedupe_key` exists already."""
    return session.execute(_KEEP_MESSAGE.returning(WebhookMessage), message).scalar_one_or_none()


def _rendered(endpoint: WebhookEndpoint, event_type: str, render: Render | None) -> bytes | Skip | None:
    if not endpoint.hears(event_type):
        return Skip("event_not_subscribed")
    return render(endpoint) if render else None


def _delivery(message: WebhookMessage, endpoint: WebhookEndpoint, body: bytes | Skip | None, now: datetime) -> dict[str, Any]:
    skip = body if isinstance(body, Skip) else None
    return {
        "id": new_id(),
        "message_id": message.id,
        "endpoint_id": endpoint.id,
        "number": message.number,
        "ordering_key": message.ordering_key,
        "body": None if isinstance(body, Skip) else body,
        "trigger": Trigger.EVENT.value,
        "tries_before": 0,
        "why": {"code": skip.code, **skip.params} if skip else {"code": "event"},
        "last_outcome": "",
        "fallback": "",
        "created_at": now,
        "ended_at": now if skip else None,
        "state": SKIPPED if skip else READY,
        "attempts": 0,
    }


def _again(actor: Actor) -> dict[str, Any]:
    return {
        "state": READY,
        "run_at": sa.func.now(),
        "hinted_at": None,
        "ended_at": None,
        "trigger": Trigger.REPLAY.value,
        "replayed_by": actor.user_id,
        "tries_before": WebhookDelivery.attempts,
        "why": {"code": "replay"},
    }


def _check(content: EndpointContent) -> None:
    if not content.name.strip() or len(content.name) > MAX_NAME:
        raise BadEndpoint("name", N_("Enter a name of at most 100 characters."))
    types = list(content.event_types)
    if not types or len(types) > MAX_EVENT_TYPES or not all(one == ANY_EVENT or is_event_type(one) for one in types):
        raise BadEndpoint("event_types", N_("Choose at least one event."))
    if content.schedule and content.schedule not in SCHEDULES:
        raise BadEndpoint("schedule", N_("Choose a retry schedule from the list."))
    if not 1 <= content.max_concurrency <= 32:
        raise BadEndpoint("max_concurrency", N_("Allow 1 to 32 requests at the same time."))
    checked_headers(content.headers)
    for name in (content.signature_header, content.event_header):
        checked_header_name(name)


def _fill(endpoint: WebhookEndpoint, content: EndpointContent, now: datetime) -> None:
    endpoint.name, endpoint.url = content.name.strip(), content.url
    endpoint.event_types = sorted(set(content.event_types))
    endpoint.schedule = content.schedule or endpoint.kind.value
    endpoint.payload_version = content.payload_version
    endpoint.signature_header, endpoint.event_header = content.signature_header, content.event_header
    endpoint.max_concurrency, endpoint.email_fallback = content.max_concurrency, content.email_fallback
    endpoint.includes_customer_data, endpoint.updated_at = content.includes_customer_data, now


def _forget_failures(endpoint: WebhookEndpoint) -> None:
    endpoint.failures_in_row, endpoint.failing_since, endpoint.resting_until = 0, None, None


def _audit(
    session: Session, action: str, endpoint: WebhookEndpoint, *, now: datetime, actor: Actor, detail: dict[str, Any] | None = None
) -> None:
    audit(
        session,
        action=action,
        object_type="callback_endpoint",
        object_id=str(endpoint.id),
        now=now,
        actor=actor,
        detail={"kind": endpoint.kind.value, **(detail or {})},
    )
