"""Build the Flask application: `create_app` connects all packages and does nothing else. Importing this imports everything."""

from __future__ import annotations

import gc

# What importing makes stays: a collector that walks it again and again meanwhile takes a third of every start.
_collects = gc.isenabled()
gc.disable()

import os
from collections.abc import Callable
from typing import Any

import redis
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from redis.backoff import NoBackoff
from redis.retry import Retry
from werkzeug.middleware.proxy_fix import ProxyFix

from app import wiring
from app.config import Settings, load_settings
from app.core import prepared
from app.core.crypto import Keyring, parse_keys
from app.core.db import AUTOCOMMIT, db, in_transaction, limit_answers
from app.core.http import HttpClient
from app.core.limits import Limits
from app.core.log import configure_logging
from app.core.metering import Meter
from app.core.nudge import Nudger
from app.core.runtime import Runtime, install
from app.core.semaphore import SharedSlots
from app.core.storage import open_storage
from app.domain.events import registry
from app.domain.ingest import readers
from app.domain.threads import counts
from app.domain.transitions import registry as transitions
from app.domain.usage.jobs import writer
from app.domain.webhooks import targets
from app.process import cli
from app.sandbox.demo import commands as demo_commands
from app.web import pages

gc.freeze()
if _collects:
    gc.enable()

CONNECTION_OPTIONS = (
    "timezone=UTC",
    "jit=off",
    "max_parallel_workers_per_gather=0",  # a page is one process's work; starting helpers costs more than they bring
    "work_mem=16MB",
    "idle_in_transaction_session_timeout=60s",
)
PATIENT = ("lock_timeout=15s", "statement_timeout=60s")
# A server that is not there is noticed within half a minute, by whoever is connecting and by whoever is waiting.
LINE_OPTIONS = {"connect_timeout": 10, "keepalives_idle": 15, "keepalives_interval": 5, "keepalives_count": 3}
TCP_USER_TIMEOUT_MS = 30_000


class Application(OpenAPI):
    """The Flask application. It has no asynchronous function, so none is looked at for being one, 14 for each request."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings | None = None) -> OpenAPI:
    """Build and return the Flask application. If `settings` is None, they are read from the environment. Raises SettingError."""
    settings = settings or load_settings(os.environ)
    configure_logging(settings.log_format)
    app = Application(
        "app",
        info=Info(title="Switchyard", version="1.0.0"),
        template_folder="../templates",
        static_folder="../static",
        doc_ui=False,  # app.api serves the document and its page
        validation_error_status=422,
    )
    _configure(app, settings)
    db.init_app(app)
    with app.app_context():
        limit_answers(db.engines[AUTOCOMMIT], settings.webhook_db_seconds + 0.5)  # the database's own limit comes first
    prepared.init_app(app)
    registry.install(wiring.WIRING)
    counts.install(wiring.COUNTED)
    readers.install(wiring.READERS)
    transitions.install(wiring.STATUSES)
    targets.install(wiring.TARGETS)
    install(app, _build_runtime(app, settings))
    pages.init_app(app, settings)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    cli.register(app)
    if settings.demo:
        demo_commands.register(app)
    return app


def _configure(app: OpenAPI, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 20, "max_overflow": 20, **_pool_options(*PATIENT)},
        SQLALCHEMY_BINDS={AUTOCOMMIT: _door_options(settings)},
        SETTINGS=settings,
        MAX_CONTENT_LENGTH=40 * 1024 * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        WTF_CSRF_TIME_LIMIT=None,
        TEMPLATES_AUTO_RELOAD=False,
        DOOR_CACHE_SECONDS=2.0,  # for how long a webhook may use channels as they were a moment ago
    )


def _pool_options(*limits: str, **line_options: int) -> dict[str, Any]:
    options = " ".join(f"-c {option}" for option in (*CONNECTION_OPTIONS, *limits))
    line = {**LINE_OPTIONS, "tcp_user_timeout": TCP_USER_TIMEOUT_MS, **line_options}
    return {"pool_timeout": 10, "pool_recycle": 1800, "connect_args": {"options": options, **line}}


def _door_options(settings: Settings) -> dict[str, Any]:
    """Return the engine options for the database connections of webhook routes.

    These routes have a few connections of their own, which pages cannot take. The timeouts are short, so that a route
    answers 503 before its callers give up. Each statement is a transaction of its own and has one plan. So no transaction is
    open, and nothing must be rolled back when a connection is returned.
    """
    seconds = settings.webhook_db_seconds
    limits = (f"statement_timeout={seconds * 1000:.0f}ms", f"lock_timeout={seconds * 750:.0f}ms")
    connecting = round(seconds * 0.75)  # seconds; the driver raises anything less to two
    return {
        "url": settings.database_url,
        "isolation_level": "AUTOCOMMIT",
        "pool_reset_on_return": None,
        "pool_size": 8,
        "max_overflow": 8,
        **_pool_options(*limits, connect_timeout=max(2, connecting), tcp_user_timeout=max(2, connecting) * 1000),
        "pool_timeout": seconds / 2,
    }


def _build_runtime(app: OpenAPI, settings: Settings) -> Runtime:
    from app.contract.provider import Services
    from app.domain.connections.account import keep_token_cache
    from app.domain.realtime.socket import make_emitter
    from app.providers.registry import build_adapters

    meter = Meter(writer(app), every_seconds=settings.usage_seconds)
    every_client: dict[str, Any] = {"ports": settings.outbound_ports, "meter": meter, "in_transaction": in_transaction}
    http = HttpClient(allowed_networks=settings.outbound_allow, **every_client)
    valkey = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=1, socket_timeout=5)
    hasty = redis.Redis.from_url(settings.redis_url, socket_connect_timeout=0.5, socket_timeout=0.5, retry=Retry(NoBackoff(), 0))
    adapters = build_adapters(
        Services(
            http=http,
            settings=settings.provider_settings,
            public_url=settings.public_url,
            mail_domain=settings.mail_domain,
            allowed_networks=settings.outbound_allow_mail,
            settle_seconds=min(30, settings.unknown_settle_seconds),
            keep_tokens=keep_token_cache,
            slots=SharedSlots(valkey, factor=settings.budget_factor),
            meter=meter,
        )
    )
    return Runtime(
        settings=settings,
        storage=open_storage(settings.storage_url),
        keyring=Keyring(parse_keys(settings.encryption_keys)),
        http=http,
        foreign_http=HttpClient(allowed_places=settings.simulated_hosts, **every_client),
        meter=meter,
        nudger=Nudger(settings.redis_url),
        redis=valkey,
        hasty_redis=hasty,
        limits=Limits(hasty),
        adapters=adapters,
        register=adapters.registers["NL"],
        write_only_socketio=make_emitter(settings.redis_url),
    )
