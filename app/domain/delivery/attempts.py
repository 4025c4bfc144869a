"""Open and close the record of each attempt of a delivery."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.ids import new_id
from app.core.text import mark as N_
from app.domain.delivery.models import Delivery, DeliveryAttempt


def open_attempt(session: Session, delivery: Delivery, now: datetime) -> DeliveryAttempt:
    """Add the record of the next attempt, which begins at `now`. If an earlier attempt has no end because its worker died,
    close it with the outcome unknown."""
    _close_open_ones(session, delivery.id, now)
    count = session.execute(
        sa.select(sa.func.count()).select_from(DeliveryAttempt).where(DeliveryAttempt.delivery_id == delivery.id)
    ).scalar_one()
    trigger = "manual" if delivery.attempts == 1 and delivery.outgoing.get("asked_again_at") else "auto"
    attempt = DeliveryAttempt(id=new_id(), delivery_id=delivery.id, attempt_no=count + 1, trigger=trigger, started_at=now)
    session.add(attempt)
    session.flush()
    return attempt


def end_attempt(session: Session, attempt_id: uuid.UUID, now: datetime, *, outcome: str, **values: Any) -> None:
    """Close an attempt with `outcome` (a key of `ledger.STEP_OF_OUTCOME`) and further columns; does nothing if it is closed
    already."""
    open_one = sa.and_(DeliveryAttempt.id == attempt_id, DeliveryAttempt.ended_at.is_(None))
    session.execute(sa.update(DeliveryAttempt).where(open_one).values(ended_at=now, outcome=outcome, **values))


def _close_open_ones(session: Session, delivery_id: uuid.UUID, now: datetime) -> None:
    unfinished = sa.and_(DeliveryAttempt.delivery_id == delivery_id, DeliveryAttempt.ended_at.is_(None))
    session.execute(
        sa.update(DeliveryAttempt)
        .where(unfinished)
        .values(ended_at=now, outcome="unknown", detail=N_("Our process stopped before the provider answered"))
    )
