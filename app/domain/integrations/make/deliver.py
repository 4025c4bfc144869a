"""Tell a scenario what was promised.

At least once: a call whose answer was lost is made again with the same `event_id`, by which a scenario tells a repeat.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.crypto import UnableToDecrypt
from app.core.db import table_of
from app.core.http import HttpFailure
from app.core.log import get_logger
from app.core.metering import Endpoint
from app.core.promises import Ended, Failed, Promise, keep
from app.core.runtime import runtime
from app.core.standard_webhooks import signed_headers
from app.core.text import known
from app.core.text import mark as N_
from app.core.work import FAILED, READY, Lease
from app.domain.events.actions import Actor, audit
from app.domain.integrations.actions import note_problem
from app.domain.integrations.models import Integration, ScenarioCall
from app.domain.integrations.queries import open_secrets
from app.providers.make.signature import sign

READ_SECONDS = 45  # a scenario may answer only when it is through
SHOWN = 20
_ANSWERED = known("The webhook answered %(status)s.")
_GONE = N_("The webhook in Make is gone: switch its scenario on, or enter its new address.")
_REFUSED = N_("The webhook in Make asks for another API key.")
_TOO_LARGE = N_("The webhook in Make takes nothing this large.")
_FORBIDDEN = N_("The address of the webhook is none that may be called.")
_NO_ADDRESS = N_("There is no address for this scenario any more.")
_UNREACHED = known("The webhook could not be reached: %(kind)s.")
_PERMANENT = {401: _REFUSED, 403: _REFUSED, 404: _GONE, 410: _GONE, 413: _TOO_LARGE}
log = get_logger(__name__)


@dataclass(frozen=True)
class _Call:
    lease: Lease
    integration_id: uuid.UUID
    url: str = field(repr=False)
    key: str = field(repr=False)
    secret: str = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class _Answer:
    """`is_final`: trying again would not help."""

    words: str
    status: int | None = None
    ok: bool = False
    is_final: bool = False
    retry_after_seconds: float | None = None


def call_scenario(call_id: uuid.UUID) -> None:
    """One try of one call."""
    keep(PROMISE, call_id)


def retry_calls(session: Session, integration_id: uuid.UUID, *, actor: Actor) -> int:
    """Put the calls of a connection that were given up back to ready; returns how many."""
    given_up = sa.and_(ScenarioCall.integration_id == integration_id, ScenarioCall.state == FAILED)
    again = (
        sa.update(ScenarioCall)
        .where(given_up)
        .values(state=READY, run_at=sa.func.now(), attempts=0, hinted_at=None, ended_at=None)
    )
    count = len(session.execute(again.returning(ScenarioCall.id).execution_options(synchronize_session=False)).all())
    if count:
        object_id, detail = str(integration_id), {"count": count}
        audit(
            session,
            action="ScenarioCallsRetried",
            object_type="integration",
            object_id=object_id,
            now=utc_now(),
            actor=actor,
            detail=detail,
        )
    return count


def list_calls(session: Session, integration_id: uuid.UUID) -> list[ScenarioCall]:
    """The newest."""
    query = sa.select(ScenarioCall).where(ScenarioCall.integration_id == integration_id)
    return list(session.execute(query.order_by(ScenarioCall.created_at.desc(), ScenarioCall.id.desc()).limit(SHOWN)).scalars())


def _prepare(session: Session, lease: Lease) -> _Call:
    row = session.get_one(ScenarioCall, lease.row_id, populate_existing=True)
    integration = session.get_one(Integration, row.integration_id, populate_existing=True)
    try:
        secrets = open_secrets(integration, runtime().keyring)
    except UnableToDecrypt:
        secrets = {}
    url = secrets.get(f"hook_{row.scenario}", "") if integration.is_active else ""
    return _Call(
        lease,
        integration.id,
        url,
        secrets.get("hook_key", ""),
        secrets.get("signing_secret", ""),
        row.body.encode("utf-8", "replace"),
    )


def _post(call: _Call) -> _Answer:
    if not call.url:
        return _Answer(_NO_ADDRESS, is_final=True)
    now = int(time.time())
    headers = {"Content-Type": "application/json", "X-Signature": sign(call.body, call.secret, now_seconds=now)}
    headers |= signed_headers(call.body, [call.secret], message_id=f"msg_{call.lease.row_id.hex}", now_seconds=now)
    headers |= {"x-make-apikey": call.key} if call.key else {}
    try:
        answer = runtime().http.request(
            "POST",
            call.url,
            called=Endpoint("make", "POST scenario", str(call.integration_id)),
            headers=headers,
            data=call.body,
            read_timeout=READ_SECONDS,
            deadline=READ_SECONDS + 15,
            max_bytes=65_536,
        )
    except HttpFailure as failure:
        if failure.kind in ("refused_address", "bad_url"):
            return _Answer(_FORBIDDEN, is_final=True)
        return _Answer(_UNREACHED % {"kind": failure.kind}, failure.status)
    if answer.ok:
        return _Answer("", answer.status, ok=True)
    after = answer.headers.get("retry-after", "")
    words = _PERMANENT.get(answer.status, _ANSWERED % {"status": answer.status})
    seconds = float(after) if after.isdecimal() and len(after) < 6 else None
    return _Answer(words, answer.status, is_final=answer.status in _PERMANENT, retry_after_seconds=seconds)


def _note(session: Session, call: _Call, answer: _Answer) -> Ended | Failed:
    log.info("scenario_called", call_id=str(call.lease.row_id), status=answer.status, attempts=call.lease.attempts)
    values = {"answer": answer.words, "answer_status": answer.status}

    def note(later: Session) -> None:
        integration = later.get_one(Integration, call.integration_id, with_for_update=True, populate_existing=True)
        note_problem(integration, answer.words, now=utc_now())

    ended = {**values, "ended_at": utc_now()}
    if answer.ok:
        return Ended(ended, then=note)
    return Failed(Ended(ended, FAILED), values, answer.is_final, answer.retry_after_seconds, then=note)


PROMISE = Promise(table_of(ScenarioCall), _prepare, _post, _note)
