"""Run each API write in one transaction, and with an Idempotency-Key at most once.

The record of a key is written in the same transaction as the change, so after a crash either both exist or neither. While
one request with a key is running, another request with this key gets 409 and may try again later. A refused write leaves no
record: it changed nothing, so a retry is safe.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import IO

from flask import request
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.api.answers import Answer
from app.api.authorize import current_viewer
from app.core.clock import utc_now
from app.core.db import transaction, try_advisory_xact_lock
from app.core.problems import Problem
from app.core.runtime import runtime
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import IdempotencyRecord

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
REPLAYED = "Idempotent-Replayed"

Effect = Callable[[Session], Answer]


def write(effect: Effect) -> Response:
    """Run `effect` in a transaction, wake the relay, and return the answer of `effect` as a response.

    If the request has an Idempotency-Key that was used before, return the stored answer and do not run `effect`.
    """
    key = _key()
    with transaction() as session:
        made = effect(session) if key is None else _once(session, current_viewer(), key, effect)
    runtime().nudger.nudge()
    return made.response()


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Problem("bad_header", "Idempotency-Key must have 1 to 200 printable ASCII characters without spaces")
    return key


def _once(session: Session, viewer: Viewer, key: str, effect: Effect) -> Answer:
    _claim(session, f"idempotency:{viewer.user_id}:{key}")
    fingerprint = _fingerprint()
    known = session.get(IdempotencyRecord, (viewer.user_id, key))
    if known is not None:
        return _replay(known, fingerprint)
    made = effect(session)
    body = {"text": made.text if made.kept is None else made.kept, "headers": dict(made.headers)}
    session.add(
        IdempotencyRecord(
            user_id=viewer.user_id, key=key, fingerprint=fingerprint, status=made.status, body=body, created_at=utc_now()
        )
    )
    return made


def _claim(session: Session, name: str) -> None:
    if not try_advisory_xact_lock(session, name):
        raise Problem("idempotency_in_progress", "The same request is being served: ask again", headers={"Retry-After": "1"})


def _replay(known: IdempotencyRecord, fingerprint: str) -> Answer:
    if known.fingerprint != fingerprint:
        raise Problem("idempotency_key_reused", "This Idempotency-Key was used for another request: choose a new one")
    stored = known.body or {}
    return Answer(known.status or 200, stored.get("text", ""), {**stored.get("headers", {}), REPLAYED: "true"})


def _fingerprint() -> str:
    """Return a hash that identifies the request: SHA-256 of method, path without the API version, and body without spaces."""
    path = request.path.replace("/api/v1/", "/api/", 1)
    if request.is_json:
        body = json.dumps(request.get_json(), sort_keys=True, separators=(",", ":"))
    else:
        files = [(name, file.filename, _digest_file(file.stream)) for name, file in request.files.items(multi=True)]
        body = json.dumps([files, sorted(request.form.items(multi=True))])
    return hashlib.sha256(f"{request.method} {path}\n{body}".encode("utf-8", "surrogatepass")).hexdigest()


def _digest_file(stream: IO[bytes]) -> str:
    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    stream.seek(0)
    return digest
