"""Routes to which outside services (forms, scenarios) post. A valid post is stored and answered; nothing else happens."""

from __future__ import annotations

import hashlib
import time

import sqlalchemy as sa
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from app.core import standard_webhooks
from app.core.clock import utc_now
from app.core.csrf import csrf
from app.core.db import autocommitted, autocommitted_session
from app.core.runtime import runtime
from app.core.text import storable
from app.domain.ingest.intake import RawEvent, count_refusal, store_at_the_door
from app.domain.ingest.models import InboundEvent
from app.domain.ingest.unavailable import answer_outages
from app.domain.integrations.door import find_by_key, find_caller, form_event, given_keys, scenario_event
from app.domain.integrations.models import Provider
from app.domain.integrations.queries import Opened, list_opened
from app.domain.usage.count_inbound import count_calls
from app.hooks.webhook_checks import read_body
from app.providers.make.parse import SCENARIOS, read_event_id

FORM_BODY_BYTES = 12 * 1024 * 1024
hooks = Blueprint("integration_hooks", __name__)
csrf.exempt(hooks)
count_calls(hooks)
answer_outages(hooks)


@hooks.errorhandler(HTTPException)
def _say_only_the_status(error: HTTPException) -> Response:
    return Response(status=error.code)


@hooks.post(f"/webhooks/{Provider.FORMS}")
@hooks.post(f"/webhooks/{Provider.FORMS}/<key>", endpoint="form_keyed")
@hooks.post(f"/api/v1/webhooks/{Provider.FORMS}", endpoint="form_v1")
@hooks.post(f"/api/v1/webhooks/{Provider.FORMS}/<key>", endpoint="form_keyed_v1")
def form(key: str = "") -> Response:
    """Store a submitted form. The post is not signed: the key in its URL or in a header is the proof."""
    body = read_body(request, FORM_BODY_BYTES)
    keys = given_keys(dict(request.headers), in_address=(key, request.args.get("key", "")))
    integration = find_by_key(_opened(Provider.FORMS), keys, "url_key")
    if integration is None:
        return _refuse(Provider.FORMS, "wrong_key")
    return _store(form_event(integration, body, dict(request.headers)))


@hooks.post("/webhooks/make/<scenario>")
@hooks.post("/api/v1/webhooks/make/<scenario>", endpoint="make_v1")
def make(scenario: str) -> Response:
    """Store a post from a Make scenario. The same event with another body is refused with 409."""
    if scenario not in SCENARIOS:
        return Response(status=404)
    body, headers = read_body(request, FORM_BODY_BYTES), dict(request.headers)
    signature = request.headers.get("X-Signature") or request.headers.get("X-Make-Signature") or ""
    caller = find_caller(_opened(Provider.MAKE), headers, body, signature, now_seconds=time.time())
    if caller is None:
        is_signed = signature or standard_webhooks.SIGNATURE in request.headers
        return _refuse("make", "bad_signature" if is_signed else "wrong_key")
    named = request.headers.get("Idempotency-Key") or request.headers.get(standard_webhooks.ID) or ""
    event = scenario_event(caller, scenario, body, headers, read_event_id(body, named))
    answer = _store(event)
    return answer if _is_kept(event) else Response(status=409)


def _is_kept(event: RawEvent) -> bool:
    """Return True if the stored event with this dedupe key has the same body, or if no such event is stored."""
    same = sa.and_(InboundEvent.source == event.source, InboundEvent.dedupe_key == storable(event.dedupe_key)[:500])
    with autocommitted_session() as session:
        digest = session.execute(sa.select(InboundEvent.body_sha256).where(same)).scalar_one_or_none()
    return digest is None or bytes(digest) == hashlib.sha256(event.body).digest()


def _opened(provider: Provider) -> list[Opened]:
    with autocommitted_session() as session:
        return list_opened(session, provider, runtime().keyring)


def _store(event: RawEvent) -> Response:
    with autocommitted() as connection:
        store_at_the_door(connection, event)
    runtime().nudger.nudge()
    return Response(status=200, mimetype="text/plain")


def _refuse(source: str, reason: str) -> Response:
    with autocommitted_session() as session:
        count_refusal(session, source=source, reason=reason, day=utc_now().date())
    return Response(status=401)


blueprints = (hooks,)
