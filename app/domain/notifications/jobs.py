"""Carry out dispatches: claim, close the session, call the other side, note what it said."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.runtime import runtime
from app.core.work import next_delay_seconds
from app.domain.notifications import digest
from app.domain.notifications.digest_mail import digest_mail
from app.domain.notifications.dispatching import Batch, end, take_batch, wait
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.mail.smtp import UNKNOWN
from app.domain.notifications.push_keys import own_key
from app.domain.notifications.send_call import prepare
from app.domain.notifications.senders import mail_sender

log = get_logger(__name__)
DIGEST_TRIES = 5  # within about a quarter of an hour; the next day has its own


def send_dispatch(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point. By push at least once, as a second notice takes the place of the first; by mail and Teams at most once."""
    with transaction() as session:
        batch = take_batch(session, uuid.UUID(row_id), lease_seconds=runtime().settings.lease_seconds)
        call = prepare(session, batch) if batch else None
    if batch is None or call is None:
        return
    answer = call.send(utc_now())
    with transaction() as session:
        call.note(session, answer)
        _settle(session, batch, answer)


def plan_digests(**_ignored: Any) -> int:
    """Make the digests whose hour has come; returns how many. The relay finds them."""
    if not mail_sender().is_set_up:
        return 0
    with transaction() as session:
        return len(digest.plan_digests(session, now=utc_now()))


def send_digest(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point. At most once."""
    now, settings, sender = utc_now(), runtime().settings, mail_sender()
    with transaction() as session:
        due = digest.take_digest(session, uuid.UUID(row_id), lease_seconds=settings.lease_seconds, now=now)
        if due is not None and (due.pending.is_nothing or due.is_uncertain):
            outcome = Outcome.LAPSED if due.pending.is_nothing else Outcome.UNKNOWN
            digest.end_digest(session, due, outcome, error="" if due.pending.is_nothing else UNKNOWN)
            due = None
    if due is None:
        return
    reference = uuid.UUID(row_id).hex
    mail = digest_mail(due.user, due.pending, reference=reference, base=settings.public_url, secret_key=settings.secret_key)
    answer = sender.send(compose(mail, sender=sender.sender, now=now), to=mail.to)
    delay = next_delay_seconds(due.lease.attempts) if answer.outcome is None else None
    log.info("digest", outcome=answer.outcome.value if answer.outcome else "later")
    with transaction() as session:
        if delay is not None and due.lease.attempts < DIGEST_TRIES:
            digest.try_digest_later(session, due, seconds=delay, error=answer.words)
        else:
            digest.end_digest(session, due, answer.outcome or Outcome.REFUSED, error="" if answer.ok else answer.words)


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
