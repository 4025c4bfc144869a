"""Carry out dispatches: claim, close the session, call the other side, note what it said."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.work import next_delay_seconds
from app.notifications.answers import Answer
from app.notifications.dispatching import Batch, end, take_batch, wait
from app.notifications.models import Outcome
from app.notifications.push.keys import own_key
from app.notifications.push.outcome import note_answer
from app.notifications.push.service import push_sender
from app.notifications.telling import prepare_push

log = get_logger(__name__)


def send_dispatch(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point. At least once by push, where a second notice replaces the first."""
    with transaction() as session:
        batch = take_batch(session, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
        parcel = prepare_push(session, batch) if batch else None
        sender = push_sender(session) if parcel else None
    if batch is None or parcel is None or sender is None:
        return
    answer = sender.send(parcel.address, parcel.message, now=utc_now())
    with transaction() as session:
        note_answer(session, parcel.device_id, answer, now=utc_now())
        _settle(session, batch, answer)


def make_push_key() -> None:
    """Every installation has a scheduler: it makes the key by which push services know us, once."""
    with transaction() as session:
        own_key(session, keyring=runtime().keyring, now=utc_now())


def _settle(session: Session, batch: Batch, answer: Answer) -> None:
    outcome = answer.outcome
    delay = next_delay_seconds(batch.lease.attempts) if outcome is None else None
    log.info("told", way=batch.lead.way.value, outcome=outcome.value if outcome else "later", folded=len(batch.notification_ids))
    if outcome is None and delay is not None:
        asked = answer.retry_after_seconds
        wait(session, batch, seconds=delay if asked is None else asked, error=answer.words)
    else:
        end(session, batch, outcome or Outcome.REFUSED, error="" if answer.ok else answer.words)
