"""Jobs that send dispatches and digests, and make the push key."""

from __future__ import annotations

import uuid
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.core.clock import utc_now
from app.core.db import transaction
from app.core.log import get_logger
from app.core.promises import Ended, Failed, Later, Promise, keep
from app.core.runtime import runtime
from app.core.work import Lease
from app.domain.notifications import digest, dispatching
from app.domain.notifications.digest_mail import digest_mail
from app.domain.notifications.dispatching import Batch, take_batch
from app.domain.notifications.mail.compose import compose
from app.domain.notifications.mail.smtp import UNKNOWN
from app.domain.notifications.push_keys import own_key
from app.domain.notifications.send_call import Call, prepare
from app.domain.notifications.senders import mail_sender

log = get_logger(__name__)


def send_dispatch(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send the batch of a dispatch. It is sent at least once by push, and at most once by mail and Teams.

    If a push is sent twice, the second one replaces the first on the device.
    """
    keep(DISPATCHES, uuid.UUID(row_id))


def _prepare_dispatch(session: Session, lease: Lease) -> tuple[Batch, Call] | Ended | Later:
    batch = take_batch(session, lease)
    call = prepare(session, batch)
    return (batch, call) if isinstance(call, Call) else call


def _note_dispatch(_session: Session, work: tuple[Batch, Call], answer: Answer) -> Ended | Failed:
    batch, call = work
    outcome = answer.outcome.value if answer.outcome else "later"
    log.info("told", way=batch.lead.way.value, outcome=outcome, folded=len(batch.notification_ids))
    # A device that is gone takes the row along.
    return replace(dispatching.ending_of(answer), then=lambda session: call.note(session, answer))


DISPATCHES = Promise(
    dispatching.TABLE,
    _prepare_dispatch,
    lambda work: work[1].send(utc_now()),
    _note_dispatch,
    lock=dispatching.lock_target,
)


def plan_digests(**_ignored: Any) -> int:
    """Create the digests whose hour has come. Return their number, 0 if no mail server is configured. The outbox relay then
    enqueues sending them."""
    if not mail_sender().is_set_up:
        return 0
    with transaction() as session:
        return len(digest.plan_digests(session, now=utc_now()))


def send_digest(*, row_id: str, **_ignored: Any) -> None:
    """RQ entry point: send one digest, at most once."""
    keep(DIGESTS, uuid.UUID(row_id))


def _prepare_digest(session: Session, lease: Lease) -> tuple[str, EmailMessage] | Ended:
    """Return the recipient's address and the mail of a digest. If no mail is to be sent, return the ending of the digest
    instead."""
    now, settings = utc_now(), runtime().settings
    due = digest.take_digest(session, lease, now=now)
    if due.pending.is_nothing:
        return digest.end_digest(Outcome.LAPSED)
    if due.is_uncertain:
        return digest.end_digest(Outcome.UNKNOWN, error=UNKNOWN)
    reference = lease.row_id.hex
    mail = digest_mail(due.user, due.pending, reference=reference, base=settings.public_url, secret_key=settings.secret_key)
    return mail.to, compose(mail, sender=mail_sender().sender, now=now)


def _note_digest(_session: Session, _mail: tuple[str, EmailMessage], answer: Answer) -> Ended | Failed:
    log.info("digest", outcome=answer.outcome.value if answer.outcome else "later")
    return digest.ending_of(answer)


DIGESTS = Promise(
    digest.TABLE,
    _prepare_digest,
    lambda mail: mail_sender().send(mail[1], to=mail[0]),
    _note_digest,
    tries=5,  # within about a quarter of an hour; the next day has its own
)


def make_push_key() -> None:
    """Make the installation's push key unless it has one. The scheduler runs this job."""
    with transaction() as session:
        own_key(session, keyring=runtime().keyring, now=utc_now())
