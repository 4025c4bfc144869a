"""Pause, resume and stop a mailing. A mail that a worker has already claimed is still sent. No mail is sent twice.

A pause moves the due time of the waiting rows far into the future. Even a worker that has a hint for such a row then does
not find it due.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.events.actions import Actor, Subject, record
from app.domain.mailings.models import Mailing, MailingRecipient, RecipientOutcome
from app.domain.mailings.queries import MailingMissing

OUT_OF_REACH = timedelta(days=3650)


def pause_mailing(
    session: Session, mailing_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID], now: datetime, actor: Actor
) -> Mailing:
    """Pause a mailing and return it. A mailing that is paused or stopped already is not changed.

    Raises `MailingMissing` if these brands have no such mailing.
    """
    mailing = _lock(session, mailing_id, brand_ids)
    if mailing.paused_at is None and mailing.stopped_at is None:
        mailing.paused_at = now
        _change(session, mailing, run_at=now + OUT_OF_REACH)
        _tell(session, mailing, "MailingPaused", now, actor)
    return mailing


def resume_mailing(
    session: Session, mailing_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID], now: datetime, actor: Actor
) -> Mailing:
    """Resume a paused mailing with the remaining recipients, and return it. Raises `MailingMissing` if these brands have no
    such mailing."""
    mailing = _lock(session, mailing_id, brand_ids)
    if mailing.paused_at is not None and mailing.stopped_at is None:
        mailing.paused_at = None
        _change(session, mailing, run_at=max(now, mailing.send_at))
        _tell(session, mailing, "MailingResumed", now, actor)
    return mailing


def stop_mailing(
    session: Session, mailing_id: uuid.UUID, *, brand_ids: Sequence[uuid.UUID], now: datetime, actor: Actor
) -> Mailing:
    """Stop a mailing for good, cancel its remaining recipients, and return it. Raises `MailingMissing` if these brands have no
    such mailing."""
    mailing = _lock(session, mailing_id, brand_ids)
    if mailing.stopped_at is None:
        mailing.stopped_at, mailing.paused_at = now, None
        _change(session, mailing, state="done", outcome=RecipientOutcome.CANCELLED)
        _tell(session, mailing, "MailingStopped", now, actor)
    return mailing


def _lock(session: Session, mailing_id: uuid.UUID, brand_ids: Sequence[uuid.UUID]) -> Mailing:
    found = session.get(Mailing, mailing_id, with_for_update=True, populate_existing=True)
    if found is None or found.brand_id not in brand_ids:
        raise MailingMissing(str(mailing_id))
    return found


def _change(session: Session, mailing: Mailing, **values: Any) -> None:
    """Set the columns in `values` for all recipients of the mailing that still wait. A recipient whose mail is being sent is
    not changed."""
    waiting = sa.and_(MailingRecipient.mailing_id == mailing.id, MailingRecipient.state == "ready")
    session.execute(sa.update(MailingRecipient).where(waiting).values(values).execution_options(synchronize_session=False))
    session.flush()


def _tell(session: Session, mailing: Mailing, event: str, now: datetime, actor: Actor) -> None:
    subject, payload = Subject(brand_id=mailing.brand_id), {"mailing_id": str(mailing.id)}
    record(session, event, subject=subject, now=now, actor=actor, payload=payload, about=("mailing", mailing.id))
