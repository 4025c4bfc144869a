"""The same processes with the protections taken off, to show that the harness sees what they prevent.

The application has no switch for this. These entry points replace functions of it, in their own process only, by what somebody
in a hurry might have written: `gunicorn chaos.unprotected:make_web()`, and `main` for what chaos/nursery.py forks.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import Flask, Response, current_app

from app.contract.base import ProviderError
from app.domain.delivery import jobs as delivery_jobs
from app.domain.events import relay
from app.domain.ingest import apply
from app.domain.ingest.intake import RawEvent, store_event

STORES_AFTER_SECONDS = 0.5
NEVER_AGAIN_SECONDS = 10**7
BLIND_TRIES = 3


def make_web() -> Flask:
    """A web that says "thank you" first and stores afterwards, and takes every repeat for something new."""
    from app.hooks import ingest_routes as routes
    from wsgi import app

    really_store = routes._store

    def store_new(session: Any, event: RawEvent) -> Any:
        return store_event(session, replace(event, dedupe_key=str(uuid.uuid4())))

    def store_later(events: list[RawEvent]) -> Response:
        threading.Timer(STORES_AFTER_SECONDS, _in_context, (current_app._get_current_object(), really_store, events)).start()
        return Response(status=200)

    routes.store_event = store_new
    routes._store = store_later
    return app


def main(arguments: Sequence[str]) -> int:
    """A worker or scheduler without protections."""
    from app.process.background.runner import main as run

    forget_hints()
    send_blindly()
    know_nothing()
    return run(arguments)


def forget_hints() -> None:
    """The relay tells of each row once; if nobody acted on it, that is that."""
    really_take = relay.take_hints

    def take_once(*arguments: Any, **options: Any) -> Any:
        return really_take(*arguments, **{**options, "sweep_seconds": NEVER_AGAIN_SECONDS})

    relay.take_hints = take_once


def send_blindly() -> None:
    """An answer that did not come is taken for a message that did not go."""
    really_record = delivery_jobs._record_failure

    def send_again(work: Any, error: ProviderError) -> None:
        if not error.outcome_unknown or work.lease.attempts > BLIND_TRIES:
            really_record(work, error)
            return
        lease = replace(work.lease, attempts=work.lease.attempts + 1)
        delivery_jobs._carry_out(replace(work, lease=lease, progress={}))

    delivery_jobs._record_failure = send_again
    delivery_jobs._may_send = lambda _sender, _work: True


def know_nothing() -> None:
    """Every message is new."""
    apply._known = lambda _session, _message, _context: None


def _in_context(app: Flask, act: Any, events: list[RawEvent]) -> None:
    with app.app_context():
        act(events)
