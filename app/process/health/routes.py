"""Serve /healthz, /readyz and /metrics: whether the process is up and ready, and its metrics."""

from __future__ import annotations

import hmac

import redis
import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import DBAPIError, TimeoutError

from app.core.caller import is_of_this_machine
from app.core.db import db
from app.core.migrate import head_revision
from app.core.runtime import runtime
from app.process.health.queries import find_storage_fault

OLDEST_SECONDS = 60
bp = Blueprint("health", __name__)

_OLDEST = sa.text(
    """
    WITH oldest AS (
        SELECT (SELECT min(run_at) FROM inbound_events WHERE state IN ('ready', 'running')) AS inbound,
               (SELECT min(run_at) FROM outbox_entries WHERE state IN ('ready', 'running')) AS outbox
    )
    SELECT coalesce((SELECT extract(epoch FROM clock_timestamp() - inbound) FROM oldest), 0) AS inbound,
           coalesce((SELECT extract(epoch FROM clock_timestamp() - outbox) FROM oldest), 0) AS outbox,
           (SELECT count(*) FROM (SELECT 1 FROM inbound_events WHERE state = 'quarantined' LIMIT 1000) q) AS quarantined,
           (SELECT version_num FROM alembic_version) AS revision
    """
)


@bp.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Answer 200: the process is up."""
    return jsonify(status="ok")


@bp.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    """Serve the favicon, which browsers request from this path even if a page names another."""
    return current_app.send_static_file("img/favicon.svg")


@bp.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Answer 200 if this installation is ready, else 503. The JSON has the result of each check.

    Checked are the database, its migrations, Redis, the file store, and that no inbound event or outbox entry waits longer
    than OLDEST_SECONDS.
    """
    checks: dict[str, str] = {}
    try:
        row = db.session.execute(_OLDEST).one()
        checks["migrations"] = "ok" if row.revision == head_revision() else f"at {row.revision}, head is {head_revision()}"
        checks["inbound_events"] = "ok" if row.inbound < OLDEST_SECONDS else f"oldest waits {row.inbound:.0f} s"
        checks["outbox"] = "ok" if row.outbox < OLDEST_SECONDS else f"oldest waits {row.outbox:.0f} s"
    except (DBAPIError, TimeoutError):
        checks["database"] = "not reachable"
    checks["redis"] = _redis_check()
    checks["storage"] = find_storage_fault(runtime().storage) or "ok"
    ready = all(value == "ok" for value in checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


def _redis_check() -> str:
    try:
        runtime().redis.ping()
    except redis.RedisError:
        return "not reachable"
    return "ok"


@bp.get("/metrics")
def metrics() -> ResponseReturnValue:
    """Serve the metrics for Prometheus. Answers 403 unless the request has the metrics token or comes from this machine.

    A request that a proxy forwards does not count as coming from this machine.
    """
    if not _may_read_metrics():
        return Response(status=403)
    row = db.session.execute(_OLDEST).one()
    registry = CollectorRegistry()
    Gauge("switchyard_inbound_oldest_seconds", "Age of the oldest unprocessed inbound event", registry=registry).set(
        max(float(row.inbound), 0)
    )
    Gauge("switchyard_outbox_oldest_seconds", "Age of the oldest unprocessed outbox entry", registry=registry).set(
        max(float(row.outbox), 0)
    )
    Gauge("switchyard_quarantined_events", "Inbound events in quarantine, at most 1000", registry=registry).set(row.quarantined)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _may_read_metrics() -> bool:
    token = runtime().settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    return is_of_this_machine()


blueprints = (bp,)
