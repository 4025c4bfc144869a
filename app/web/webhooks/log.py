"""Pages of an endpoint's delivery log: list the deliveries, show one, send one or many again.

The partner portal shows the same log for a partner's endpoints. `area` is the blueprint to whose URLs the pages link.
"""

from __future__ import annotations

import json
import shlex
import uuid
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from flask import abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.clock import utc_now
from app.core.db import db, transaction
from app.core.paging import BadCursor
from app.core.runtime import runtime
from app.core.text import storable
from app.core.translation import gettext as _
from app.core.translation import ngettext
from app.core.work import DONE, FAILED
from app.domain.accounts.access import Viewer
from app.domain.webhooks import actions
from app.domain.webhooks.models import WebhookAttempt, WebhookEndpoint
from app.domain.webhooks.queries import (
    STATES,
    DeliveryFilter,
    DeliveryRow,
    count_replayable,
    count_states,
    count_waiting_behind,
    get_delivery,
    list_attempts,
    oldest_waiting,
    page_deliveries,
    rates_since,
)
from app.web.pages import page
from app.web.webhooks.blueprint import bp, find
from app.web.webhooks.words import cut_off_words, verdict

HOURS = {"1": 1, "24": 24, "168": 168}
REPLAY_HOURS = {"1": 1, "24": 24, "168": 168, "336": 336}
REPLAYED = {"failed": (FAILED,), "all": (FAILED, DONE)}


@bp.get("/settings/webhooks/<uuid:endpoint_id>/deliveries")
def deliveries(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """List deliveries, newest first; `state`, `event`, `hours` and `q` narrow the list."""
    _viewer, endpoint = find(endpoint_id)
    return log_page(endpoint, None)


@bp.get("/settings/webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>")
def delivery(endpoint_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Show one delivery beside the list. `try` chooses the attempt whose request and answer are shown."""
    _viewer, endpoint = find(endpoint_id)
    return log_page(endpoint, get_delivery(db.session(), delivery_id, endpoint_id=endpoint_id))


@bp.post("/settings/webhooks/<uuid:endpoint_id>/deliveries/<uuid:delivery_id>/retry")
def retry(endpoint_id: uuid.UUID, delivery_id: uuid.UUID) -> ResponseReturnValue:
    """Try a waiting delivery now, or send an ended one again."""
    viewer, endpoint = find(endpoint_id)
    return send_again(endpoint, delivery_id, viewer)


@bp.get("/settings/webhooks/<uuid:endpoint_id>/replay")
def count_replay(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Show how many deliveries (`what`: failed, all) of the last `hours` would be sent again; nothing is sent yet."""
    _viewer, endpoint = find(endpoint_id)
    return count_page(endpoint)


@bp.post("/settings/webhooks/<uuid:endpoint_id>/replay")
def replay(endpoint_id: uuid.UUID) -> ResponseReturnValue:
    """Send the deliveries that the form chooses (`what`, `hours`) again, oldest first."""
    viewer, endpoint = find(endpoint_id)
    return send_many_again(endpoint, viewer)


def send_again(
    endpoint: WebhookEndpoint, delivery_id: uuid.UUID, viewer: Viewer, *, area: str = "callbacks"
) -> ResponseReturnValue:
    """Try a waiting delivery now, or send an ended one again, and redirect to its page."""
    try:
        with transaction() as session:
            row = get_delivery(session, delivery_id, endpoint_id=endpoint.id)
            actions.redeliver(session, row.delivery, now=utc_now(), actor=viewer.actor)
        flash(_("Sending again now."))
    except actions.StillUnderWay:
        flash(_("Not sent again: we are already sending this message, or it is no longer needed."))
    runtime().nudger.nudge()
    return redirect(url_for(f"{area}.delivery", endpoint_id=endpoint.id, delivery_id=delivery_id), 303)


def count_page(endpoint: WebhookEndpoint, *, area: str = "callbacks") -> ResponseReturnValue:
    """Render the page that says how many deliveries would be sent again."""
    what, hours = _chosen("what", REPLAYED, "failed"), _chosen("hours", REPLAY_HOURS, "24")
    since = utc_now() - timedelta(hours=REPLAY_HOURS[hours])
    count = count_replayable(db.session(), endpoint_id=endpoint.id, since=since, states=REPLAYED[what])
    most = min(count, actions.REPLAY_AT_MOST)
    return page("webhooks/replay.html", endpoint=endpoint, area=area, what=what, hours=hours, count=count, most=most)


def send_many_again(endpoint: WebhookEndpoint, viewer: Viewer, *, area: str = "callbacks") -> ResponseReturnValue:
    """Send the deliveries that the form chooses (`what`, `hours`) again. Aborts with 422 for an unknown choice."""
    what, hours = request.form.get("what", ""), request.form.get("hours", "")
    if what not in REPLAYED or hours not in REPLAY_HOURS:
        abort(422)
    now = utc_now()
    since = now - timedelta(hours=REPLAY_HOURS[hours])
    with transaction() as session:
        count = actions.redeliver_since(session, endpoint, since=since, now=now, actor=viewer.actor, states=REPLAYED[what])
    runtime().nudger.nudge()
    flash(ngettext("We are sending %(num)s message again.", "We are sending %(num)s messages again, the oldest first.", count))
    return redirect(url_for(f"{area}.deliveries", endpoint_id=endpoint.id), 303)


def _chosen(name: str, among: dict[str, Any], usual: str) -> str:
    found = request.args.get(name, usual)
    return found if found in among else usual


def log_page(endpoint: WebhookEndpoint, shown: DeliveryRow | None, *, area: str = "callbacks") -> ResponseReturnValue:
    """Render the log, with the delivery `shown` beside it, if any."""
    session, now, args = db.session(), utc_now(), request.args
    hours = args.get("hours") if args.get("hours") in HOURS else None
    narrowed = DeliveryFilter(
        event_type=args.get("event") or None,
        since=now - timedelta(hours=HOURS[hours]) if hours else None,
        text=" ".join(storable(args.get("q", "")).split())[:100],
    )
    state = args.get("state") if args.get("state") in STATES else None
    wanted = DeliveryFilter(state, narrowed.event_type, narrowed.since, narrowed.text)
    try:
        found = page_deliveries(session, endpoint_id=endpoint.id, wanted=wanted, cursor=args.get("cursor"))
    except BadCursor:
        found = page_deliveries(session, endpoint_id=endpoint.id, wanted=wanted)
    kept = {name: args[name] for name in ("state", "event", "hours", "q") if args.get(name)}
    return page(
        "webhooks/deliveries.html",
        blocks=("delivery_story",),
        endpoint=endpoint,
        area=area,
        rows=found.items,
        next_cursor=found.next_cursor,
        counts=count_states(session, endpoint_id=endpoint.id, wanted=narrowed),
        state=state,
        hours=hours,
        kept=kept,
        health=_health(endpoint, now),
        shown=shown,
        **(_story(endpoint, shown) if shown else {}),
    )


def _health(endpoint: WebhookEndpoint, now: datetime) -> dict[str, Any]:
    session, ids = db.session(), [endpoint.id]
    hour, week = (rates_since(session, ids, since=now - period).get(endpoint.id) for period in _PERIODS)
    return {"hour": hour, "week": week, "waits_since": oldest_waiting(session, ids).get(endpoint.id)}


_PERIODS = (timedelta(hours=1), timedelta(days=7))


def _story(endpoint: WebhookEndpoint, row: DeliveryRow) -> dict[str, Any]:
    session = db.session()
    attempts = list_attempts(session, [row.id])
    chosen = request.args.get("try", "")
    attempt = next((one for one in attempts if str(one.attempt_no) == chosen), attempts[-1] if attempts else None)
    body = row.message.payload if row.delivery.body is None else row.delivery.body
    tone, head, said = verdict(row, endpoint, behind=count_waiting_behind(session, row.delivery))
    said += cut_off_words(row.delivery, {one.attempt_no for one in attempts})
    return {
        "attempts": attempts,
        "attempt": attempt,
        "tone": tone,
        "head": head,
        "said": said,
        "request_text": _request_text(attempt, body) if attempt else _readable(body),
        "answer_text": _answer_text(attempt) if attempt else "",
        "curl": _curl(endpoint, attempt, body) if attempt else "",
        "body_bytes": len(body),
        "body_sha256": sha256(body).hexdigest(),
    }


def _request_text(attempt: WebhookAttempt, body: bytes) -> str:
    heads = [f"{name.lower()}: {value}" for name, value in attempt.request_headers.items()]
    return "\n".join((f"POST {attempt.url}", *heads, "", _readable(body)))


def _answer_text(attempt: WebhookAttempt) -> str:
    if attempt.status is None:
        return ""
    heads = [f"{name}: {value}" for name, value in attempt.response_headers.items()]
    return "\n".join((f"HTTP/1.1 {attempt.status}", *heads, "", _readable(attempt.response_body)))


def _readable(body: bytes) -> str:
    """Return a body as text. JSON is indented; anything else is unchanged."""
    text = body.decode("utf-8", "replace")
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        return text


def _curl(endpoint: WebhookEndpoint, attempt: WebhookAttempt, body: bytes) -> str:
    """Return the request as a curl command with its exact bytes; masked values have to be filled in."""
    url = endpoint.url or attempt.url
    heads = [f"-H {shlex.quote(f'{name}: {value}')}" for name, value in attempt.request_headers.items()]
    data = shlex.quote(body.decode("utf-8", "replace"))
    return " \\\n  ".join((f"curl -i {shlex.quote(url)}", *heads, f"--data-raw {data}"))
