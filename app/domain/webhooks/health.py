"""Track an endpoint's health: failures in a row, incident, rest, and disabling.

Health is written in the transaction of the attempt. Test events do not count.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.domain.events.actions import Subject, record
from app.domain.webhooks.models import EndpointState, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.domain.webhooks.outcomes import GONE, OK
from app.domain.webhooks.schedules import ALERT_AFTER, DISABLE_AFTER_DAYS, REST_AFTER, REST_SECONDS

NOTED_EVERY = timedelta(minutes=1)
ASKED = "asked"  # of the mail that tells of a delivery that was given up


@dataclass(frozen=True)
class Before:
    """An endpoint's health when an attempt began. `last_ok_at` is the time of its last success."""

    endpoint_id: uuid.UUID
    is_well: bool
    last_ok_at: datetime | None


def before(endpoint: WebhookEndpoint) -> Before:
    return Before(endpoint.id, not endpoint.failures_in_row and not endpoint.has_incident, endpoint.last_ok_at)


def note(session: Session, was: Before, *, outcome: str, disables: bool, now: datetime) -> None:
    """Add the outcome of an attempt to the endpoint's health. For a healthy endpoint, a success is written at most once a
    minute, so that workers do not wait for the row."""
    is_fresh = was.last_ok_at is not None and now - was.last_ok_at < NOTED_EVERY
    if outcome == OK and was.is_well and is_fresh:
        return
    endpoint = session.get_one(WebhookEndpoint, was.endpoint_id, with_for_update=True, populate_existing=True)
    if outcome == OK:
        _recover(session, endpoint, now)
    else:
        _fail(session, endpoint, outcome, disables=disables, now=now)
    session.flush()


def _recover(session: Session, endpoint: WebhookEndpoint, now: datetime) -> None:
    had_incident = endpoint.has_incident
    endpoint.failures_in_row, endpoint.failing_since, endpoint.resting_until = 0, None, None
    endpoint.has_incident, endpoint.last_ok_at = False, now
    if had_incident:
        _tell(session, "CallbackEndpointRecovered", endpoint, now, {})


def _fail(session: Session, endpoint: WebhookEndpoint, outcome: str, *, disables: bool, now: datetime) -> None:
    endpoint.failures_in_row += 1
    endpoint.failing_since = endpoint.failing_since or now
    if endpoint.failures_in_row >= REST_AFTER:
        endpoint.resting_until = now + timedelta(seconds=REST_SECONDS)
    is_gone = outcome == GONE and disables
    if is_gone or (disables and now - endpoint.failing_since >= timedelta(days=DISABLE_AFTER_DAYS)):
        endpoint.state, endpoint.state_changed_at = EndpointState.DISABLED, now
        endpoint.state_reason = "gone" if is_gone else "failing_long"
    is_told = endpoint.state == EndpointState.DISABLED or endpoint.failures_in_row >= ALERT_AFTER or outcome == "blocked"
    if is_told and not endpoint.has_incident:
        endpoint.has_incident = True
        _tell(session, "CallbackEndpointFailing", endpoint, now, {"outcome": outcome, "state": endpoint.state.value})


def tell_given_up(session: Session, delivery_id: uuid.UUID, *, why: dict[str, Any], now: datetime) -> None:
    """Record the event `CallbackGivenUp`, because a delivery ended without success."""
    delivery = session.get_one(WebhookDelivery, delivery_id, populate_existing=True)
    endpoint = session.get_one(WebhookEndpoint, delivery.endpoint_id)
    message = session.get_one(WebhookMessage, delivery.message_id)
    payload: dict[str, Any] = {
        "delivery_id": str(delivery_id),
        "event_type": message.event_type,
        "about": message.about,
        "why": why,
    }
    if endpoint.email_fallback:
        payload["email_fallback"] = True
        delivery.fallback = ASKED
        session.flush()
    _tell(session, "CallbackGivenUp", endpoint, now, payload)


def note_fallback(session: Session, delivery_id: uuid.UUID, outcome: str) -> str:
    """Store the outcome of the mail that replaces a callback that was given up, and return the stored outcome.

    An outcome that is already stored is not replaced, so a mail once sent stays recorded as sent.
    """
    delivery = session.get_one(WebhookDelivery, delivery_id, with_for_update=True, populate_existing=True)
    if delivery.fallback in ("", ASKED):
        delivery.fallback = outcome
        session.flush()
    return delivery.fallback


def _tell(session: Session, event_type: str, endpoint: WebhookEndpoint, now: datetime, payload: dict[str, Any]) -> None:
    owner = str(endpoint.owner_id) if endpoint.owner_id else None
    named = {"endpoint_id": str(endpoint.id), "kind": endpoint.kind.value, "owner_id": owner, "name": endpoint.name}
    record(session, event_type, subject=Subject(brand_id=endpoint.brand_id), now=now, payload={**named, **payload})
