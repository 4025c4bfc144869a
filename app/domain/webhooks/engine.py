"""Deliver callbacks: one attempt of one delivery, or of several to one endpoint.

Each delivery is made at least once, with the same bytes and `webhook-id` in every attempt, and in sequence for each ordering
key. The attempt, the endpoint's counters, an alert and the time of the next try are written together, while the lease is
valid. A failing endpoint is called by one worker at a time. After some failures in a row it is called only once in a while,
so that it delays no other endpoint.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from app.core.clock import utc_now
from app.core.db import table_of
from app.core.http import HttpFailure, HttpResponse, Trace
from app.core.ids import new_id
from app.core.log import get_logger
from app.core.prepared import KEPT
from app.core.promises import Ended, Later, Promise, keep
from app.core.promises_together import Together, keep_together
from app.core.redact import redact_headers
from app.core.retry_after import read_retry_after
from app.core.runtime import runtime
from app.core.text import storable
from app.core.work import FAILED, RUNNING, Lease
from app.domain.webhooks import health, outcomes
from app.domain.webhooks.models import (
    SKIPPED,
    EndpointState,
    Trigger,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookMessage,
)
from app.domain.webhooks.schedules import LONGEST_ASKED_SECONDS, REST_SECONDS, delay_seconds, jitter_seconds, tries_of
from app.domain.webhooks.targets import NoTarget, Target, headers_for, open_target, shown_headers

TABLE = table_of(WebhookDelivery)
READ_BYTES, KEPT_BYTES = 16_384, 4096
KEPT_HEADERS, KEPT_HEADER_BYTES = 64, 16_384
_INSERT_ATTEMPT = sa.insert(table_of(WebhookAttempt))
HELD_SECONDS = 1.0  # for somebody else to be through with the endpoint, or with what comes before
log = get_logger(__name__)


@dataclass(frozen=True)
class Call:
    """Everything that one attempt needs. `before` is the endpoint's health when the delivery was claimed."""

    lease: Lease
    target: Target
    body: bytes = field(repr=False)
    message_id: str
    event_type: str
    delivery_id: uuid.UUID
    schedule: str
    tries: int
    trigger: Trigger
    why: dict[str, Any]
    before: health.Before


@dataclass(frozen=True)
class Result:
    """The result of one HTTP call. `asked_seconds` is the delay in seconds that the receiver asked for, or None."""

    outcome: str
    started_at: datetime
    ended_at: datetime
    total_ms: int
    trace: Trace
    answer: HttpResponse | None = None
    status: int | None = None
    asked_seconds: float | None = None


def deliver(delivery_id: uuid.UUID) -> None:
    """Make one attempt of one delivery, if it is due and no earlier delivery with its ordering key is waiting."""
    keep(PROMISE, delivery_id)


def deliver_all(delivery_ids: Collection[uuid.UUID]) -> None:
    """Make one attempt of each of these deliveries to one endpoint, in order, until one fails.

    A delivery is left out if it is not due or an earlier one with its ordering key is waiting.
    """
    if len(delivery_ids) == 1:
        deliver(next(iter(delivery_ids)))
    else:
        keep_together(TOGETHER, delivery_ids)


def may_go() -> sa.ColumnElement[bool]:
    """Return the SQL condition for deliveries that may be sent now.

    No earlier delivery with the same ordering key is waiting, and the endpoint is active and does not rest.
    """
    open_endpoint = sa.select(WebhookEndpoint.id).where(
        WebhookEndpoint.id == TABLE.c.endpoint_id,
        WebhookEndpoint.state == EndpointState.ACTIVE,
        sa.or_(WebhookEndpoint.resting_until.is_(None), WebhookEndpoint.resting_until <= sa.func.clock_timestamp()),
    )
    return sa.and_(_not_behind_another(), sa.exists(open_endpoint.correlate(TABLE)))


def _not_behind_another() -> sa.ColumnElement[bool]:
    earlier = aliased(WebhookDelivery)
    blocking = sa.and_(
        earlier.endpoint_id == TABLE.c.endpoint_id,
        earlier.ordering_key == TABLE.c.ordering_key,
        earlier.number < TABLE.c.number,
        earlier.state.in_(("ready", "running")),
    )
    return sa.or_(TABLE.c.ordering_key == "", ~sa.exists(sa.select(earlier.id).where(blocking).correlate(TABLE)))


def _prepare(session: Session, lease: Lease) -> Call | Ended | Later:
    now = utc_now()
    delivery, message, endpoint, is_first, calling = session.execute(_look(), {"row_ids": [lease.row_id]}).one()
    if endpoint.deleted_at is not None:
        return Ended({"why": {"code": "endpoint_deleted"}, "ended_at": now}, SKIPPED)
    # A failing endpoint is called by one at a time.
    if not endpoint.is_active or not is_first or calling >= (1 if endpoint.failures_in_row else endpoint.max_concurrency):
        return Later(HELD_SECONDS, is_try=False)
    if not _takes_turn(session, endpoint, now):
        return Later(REST_SECONDS, {"why": {"code": "resting", "failures": endpoint.failures_in_row}}, is_try=False)
    try:
        target = open_target(session, endpoint, keyring=runtime().keyring, now=now)
    except NoTarget as problem:
        return _given_up(delivery.id, {"code": "final", "outcome": problem.outcome}, {"last_outcome": problem.outcome}, now)
    return _call(lease, target, delivery, message, endpoint)


def _prepare_all(session: Session, leases: Sequence[Lease]) -> dict[Lease, Call | Ended | Later]:
    """Prepare deliveries of one endpoint, and return for each lease what to do. If the endpoint is failing, only the first
    delivery is tried and the others wait."""
    found = {row[0].id: row for row in session.execute(_look(), {"row_ids": [lease.row_id for lease in leases]})}
    leases = [lease for lease in leases if lease.row_id in found]
    first, *others = leases
    works = {first: _prepare(session, first)}
    work, endpoint = works[first], found[first.row_id][2]
    for lease in others:
        if isinstance(work, Ended):
            works[lease] = _prepare(session, lease)
        elif isinstance(work, Call) and work.before.is_well:
            delivery, message = found[lease.row_id][:2]
            works[lease] = _call(lease, work.target, delivery, message, endpoint)
        else:
            works[lease] = work if isinstance(work, Later) else Later(HELD_SECONDS, is_try=False)
    return works


def _call(lease: Lease, target: Target, delivery: WebhookDelivery, message: WebhookMessage, endpoint: WebhookEndpoint) -> Call:
    return Call(
        lease,
        target,
        message.payload if delivery.body is None else delivery.body,
        message_id=message.public_id,
        event_type=message.event_type,
        delivery_id=delivery.id,
        schedule=endpoint.schedule,
        tries=lease.attempts - delivery.tries_before,
        trigger=delivery.trigger,
        why=delivery.why,
        before=health.before(endpoint),
    )


@lru_cache(maxsize=1)
def _look() -> sa.Select[WebhookDelivery, WebhookMessage, WebhookEndpoint, bool, int]:
    """Return the cached query of deliveries. Each row has the delivery, its message, its endpoint, whether it is the delivery's
    turn, and how many other leases are calling the endpoint."""
    other = aliased(WebhookDelivery)
    calling = (
        sa.select(sa.func.count(other.lease_token.distinct()))
        .where(
            other.endpoint_id == WebhookDelivery.endpoint_id,
            other.state == RUNNING,
            other.lease_token != WebhookDelivery.lease_token,
            other.lease_until > sa.func.clock_timestamp(),
        )
        .correlate(WebhookDelivery)
        .scalar_subquery()
    )
    query = sa.select(WebhookDelivery, WebhookMessage, WebhookEndpoint, _not_behind_another(), calling)
    query = query.join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id)
    query = query.join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
    chosen = WebhookDelivery.id == sa.func.any(sa.bindparam("row_ids", type_=sa.ARRAY(sa.Uuid)))
    return query.where(chosen).execution_options(populate_existing=True, **KEPT)


def _takes_turn(session: Session, endpoint: WebhookEndpoint, now: datetime) -> bool:
    """Return whether this delivery may try the endpoint. A resting endpoint is tried by one delivery every REST_SECONDS."""
    if endpoint.resting_until is None:
        return True
    resting = sa.update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id, WebhookEndpoint.resting_until <= now)
    taken = resting.values(resting_until=now + sa.func.make_interval(0, 0, 0, 0, 0, 0, REST_SECONDS))
    taken = taken.returning(WebhookEndpoint.id).execution_options(synchronize_session=False)
    return session.execute(taken).scalar_one_or_none() is not None


def _post(call: Call) -> Result:
    """Make one HTTP call and return its result. A failure is returned as a result, too, and not raised."""
    started_at, began, trace = utc_now(), monotonic(), Trace()
    target = call.target
    seconds = int(started_at.timestamp())
    answer, status = None, None
    try:
        headers = headers_for(target, call.body, message_id=call.message_id, event_type=call.event_type, now_seconds=seconds)
        answer = runtime().http.request(
            "POST",
            target.url,
            called=target.called,
            headers=headers,
            data=call.body,
            read_timeout=target.read_seconds,
            deadline=target.deadline_seconds,
            max_bytes=READ_BYTES,
            cuts_at_most=True,
            trace=trace,
        )
        outcome, status = outcomes.of_status(answer.status), answer.status
    except HttpFailure as failure:
        outcome, status = outcomes.of_failure(failure), failure.status
    ended_at = utc_now()
    waits = read_retry_after(answer.headers.get("retry-after"), now=ended_at, most=LONGEST_ASKED_SECONDS) if answer else None
    total_ms = round((monotonic() - began) * 1000)
    return Result(outcome, started_at, ended_at, total_ms, trace, answer, status, waits)


def _note(session: Session, call: Call, result: Result) -> Ended | Later:
    _log(call, result)
    session.connection().execute(_INSERT_ATTEMPT, _attempt(call, result))

    def note_health(later: Session) -> None:
        if call.target.noted:
            call.target.noted(later, result.outcome, result.status, result.ended_at)
        if call.trigger != Trigger.TEST:
            _note_health(later, call, result)

    if result.outcome == outcomes.OK:
        return Ended(_delivered(result), then=note_health)
    values = _summary(result)
    is_final = result.outcome in outcomes.FINAL or result.status in call.target.final_statuses
    planned = None if is_final else delay_seconds(call.schedule, call.tries)
    if planned is None:
        why = {"code": "final" if is_final else "tries_used", "outcome": result.outcome, "tries": call.tries}
        return _given_up(call.delivery_id, why, values, result.ended_at, also=note_health, trigger=call.trigger)
    delay = delay_seconds(call.schedule, call.tries, asked_seconds=result.asked_seconds) or planned
    why = {"code": "asked" if delay > planned else "retry", "seconds": round(delay), "planned": round(planned)}
    return Later(delay + jitter_seconds(planned, call.delivery_id), {**values, "why": why}, then=note_health)


def _note_all(session: Session, answers: Sequence[tuple[Lease, Call, Result]]) -> dict[Lease, Mapping[str, Any]]:
    """Write the attempts and effects of calls that all succeeded. Return for each lease the values to set on its delivery."""
    session.connection().execute(_INSERT_ATTEMPT, [_attempt(call, result) for _lease, call, result in answers])
    counted = [(call, result) for _lease, call, result in answers if call.trigger != Trigger.TEST]
    for _lease, call, result in answers:
        _log(call, result)
        if call.target.noted:
            call.target.noted(session, result.outcome, result.status, result.ended_at)
    if counted:
        _note_health(session, *counted[-1])
    return {lease: _delivered(result) for lease, _call, result in answers}


def _log(call: Call, result: Result) -> None:
    log.info(
        "callback_attempted", delivery_id=str(call.delivery_id), outcome=result.outcome, status=result.status, tries=call.tries
    )


def _summary(result: Result) -> dict[str, Any]:
    return {"last_outcome": result.outcome, "last_status": result.status, "total_ms": result.total_ms}


def _delivered(result: Result) -> dict[str, Any]:
    return {**_summary(result), "why": {"code": "delivered"}, "ended_at": result.ended_at}


def _note_health(session: Session, call: Call, result: Result) -> None:
    health.note(session, call.before, outcome=result.outcome, disables=call.target.is_disabled_when_gone, now=result.ended_at)


def _attempt(call: Call, result: Result) -> dict[str, Any]:
    body = result.answer.body if result.answer else b""
    asked = result.asked_seconds
    return {
        "id": new_id(),
        "delivery_id": call.delivery_id,
        "attempt_no": call.lease.attempts,
        "trigger": call.trigger,
        "why": call.why,
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "url": call.target.shown_url,
        "request_headers": shown_headers(call.target, result.trace.headers),
        "outcome": result.outcome,
        "status": result.status,
        "response_headers": _kept_headers(result.answer),
        "response_body": body[:KEPT_BYTES],
        "is_cut": len(body) > KEPT_BYTES,
        "address": result.trace.address,
        "connect_ms": result.trace.connect_ms,
        "total_ms": result.total_ms,
        "retry_after_seconds": None if asked is None else round(asked),
    }


def _kept_headers(answer: HttpResponse | None) -> dict[str, str]:
    kept, size = dict[str, str](), 0
    for name, value in sorted(redact_headers(answer.headers if answer else {}).items())[:KEPT_HEADERS]:
        size += len(name) + len(value)
        if size <= KEPT_HEADER_BYTES:
            kept[storable(name)] = storable(value)
    return kept


def _given_up(
    delivery_id: uuid.UUID,
    why: dict[str, Any],
    values: dict[str, Any],
    now: datetime,
    *,
    also: Any = None,
    trigger: Trigger | None = None,
) -> Ended:
    """Return the `Ended` of a delivery that is given up. It records `CallbackGivenUp`, and the delivery can be replayed later."""

    def then(session: Session) -> None:
        if also:
            also(session)
        if trigger != Trigger.TEST:
            health.tell_given_up(session, delivery_id, why=why, now=now)

    return Ended({**values, "why": why, "ended_at": now}, FAILED, then=then)


def _broken(_error: Exception) -> Ended:
    """Return the `Ended` of a delivery that failed because of an error in our own code. It is shown as failed."""
    return Ended({"why": {"code": "final", "outcome": "error"}, "last_outcome": "error", "ended_at": utc_now()}, FAILED)


PROMISE = Promise(TABLE, _prepare, _post, _note, tries=tries_of("partner"), broken=_broken)
TOGETHER = Together(PROMISE, _not_behind_another, _prepare_all, lambda result: result.outcome == outcomes.OK, _note_all)
