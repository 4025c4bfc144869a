"""Describe the calls of scenarios: URL, secrets, signatures, and the meaning of the HTTP answers.

The calls themselves are deliveries of `app/domain/webhooks`. Each scenario of an integration has an endpoint there. A
permanent error, such as a webhook that no longer exists, ends a call at once, and the integration's page shows the problem.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import Keyring, UnableToDecrypt
from app.core.metering import Endpoint
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import FAILED
from app.domain.events.actions import Actor
from app.domain.integrations.actions import note_problem
from app.domain.integrations.models import Integration
from app.domain.integrations.queries import open_secrets
from app.domain.webhooks.actions import redeliver_since
from app.domain.webhooks.models import EndpointKind, WebhookDelivery, WebhookEndpoint, WebhookMessage
from app.domain.webhooks.outcomes import OK, OUTCOMES
from app.domain.webhooks.targets import NoTarget, Target
from app.providers.make.signature import sign

READ_SECONDS = 45  # a scenario may answer only when it is through
SHOWN = 20
USER_AGENT = "Switchyard/1"
_ANSWERED = known("The webhook answered %(status)s.")
_GONE = N_("The webhook in Make is missing: switch its scenario on, or enter its new address.")
_REFUSED = N_("The webhook in Make requires a different API key.")
_TOO_LARGE = N_("The data is too large for the webhook in Make.")
_FORBIDDEN = N_(
    "The address of the webhook in Make is invalid or inside a private network, so we do not connect to "
    "it: enter another address."
)
_NO_ADDRESS = N_("This scenario no longer has an address.")
_UNREACHED = known("We could not reach the webhook: %(kind)s.")
_PERMANENT = {401: _REFUSED, 403: _REFUSED, 404: _GONE, 410: _GONE, 413: _TOO_LARGE}
LASTING = frozenset({_FORBIDDEN, _NO_ADDRESS, _REFUSED, _GONE})  # problems that somebody has to mend


@dataclass(frozen=True)
class ScenarioCall:
    """A call of a scenario, as the page of its integration shows it. `answer`: the problem of the last try in words, "" if
    there was none."""

    scenario: str
    event_type: str
    state: str
    answer: str
    created_at: datetime


def open_scenario(session: Session, endpoint: WebhookEndpoint, keyring: Keyring, now: datetime) -> Target:
    """Return the URL, secrets and headers for calls of a scenario. Raises `NoTarget` if the integration is off or has no URL
    for the scenario."""
    integration = session.get_one(Integration, endpoint.owner_id, populate_existing=True)
    try:
        secrets = open_secrets(integration, keyring) if integration.is_active else {}
    except UnableToDecrypt:
        secrets = {}
    url, key, secret = secrets.get(f"hook_{endpoint.name}", ""), secrets.get("hook_key", ""), secrets.get("signing_secret", "")
    if not url:
        _note(session, integration.id, _NO_ADDRESS, now)
        raise NoTarget("no_address")
    return Target(
        url,
        (secret,),
        Endpoint("make", "POST scenario", str(integration.id)),
        {"x-make-apikey": key} if key else {},
        sign=lambda body, now_seconds: {"X-Signature": sign(body, secret, now_seconds=now_seconds)},
        user_agent=USER_AGENT,
        shown_url=f"{(integration.settings.get('hooks') or {}).get(endpoint.name, '')}/…",
        read_seconds=READ_SECONDS,
        deadline_seconds=READ_SECONDS + 15,
        final_statuses=frozenset(_PERMANENT),
        is_disabled_when_gone=False,
        noted=lambda later, outcome, status, at: _note(later, integration.id, answer_words(outcome, status), at),
    )


def retry_calls(session: Session, integration_id: uuid.UUID, *, actor: Actor) -> int:
    """Queue the failed calls of an integration again. Return their number."""
    now, theirs = utc_now(), sa.select(WebhookEndpoint).where(*_theirs(integration_id)).order_by(WebhookEndpoint.id)
    endpoints = session.execute(theirs).scalars().all()
    return sum(redeliver_since(session, one, since=one.created_at, now=now, actor=actor, states=(FAILED,)) for one in endpoints)


def list_calls(session: Session, integration_id: uuid.UUID) -> Sequence[ScenarioCall]:
    """List the newest calls of an integration's scenarios, newest first, at most SHOWN."""
    query = (
        sa.select(WebhookEndpoint.name, WebhookMessage.event_type, WebhookDelivery)
        .join(WebhookDelivery, WebhookDelivery.endpoint_id == WebhookEndpoint.id)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
        .where(*_theirs(integration_id))
        .order_by(WebhookDelivery.created_at.desc(), WebhookDelivery.id.desc())
        .limit(SHOWN)
        .execution_options(populate_existing=True)
    )
    return [_shown(*row) for row in session.execute(query)]


def answer_words(outcome: str, status: int | None) -> str:
    """Describe the outcome of an attempt in English words. Return "" for a success."""
    if outcome in (OK, ""):
        return ""
    if outcome == "blocked":
        return _FORBIDDEN
    if outcome == "no_address":
        return _NO_ADDRESS
    if status is None:
        return unreached_words(outcome)
    return _PERMANENT.get(status, _ANSWERED % {"status": status})


def unreached_words(outcome: str) -> str:
    """Return an English sentence which says why the scenario could not be reached."""
    return _UNREACHED % {"kind": OUTCOMES[outcome]}


def _shown(scenario: str, event_type: str, delivery: WebhookDelivery) -> ScenarioCall:
    answer = answer_words(delivery.last_outcome, delivery.last_status)
    return ScenarioCall(scenario, event_type, delivery.state, answer, delivery.created_at)


def _theirs(integration_id: uuid.UUID) -> tuple[sa.ColumnElement[bool], ...]:
    return (WebhookEndpoint.owner_id == integration_id, WebhookEndpoint.kind == EndpointKind.MAKE)


def _note(session: Session, integration_id: uuid.UUID, words: str, now: datetime) -> None:
    integration = session.get_one(Integration, integration_id, with_for_update=True, populate_existing=True)
    note_problem(integration, words, now=now)
    session.flush()
