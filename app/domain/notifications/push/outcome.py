"""Store on a device the result of a call to its push service. The caller owns the transaction."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.contract.notice_outcome import Answer, Outcome
from app.domain.notifications.models import PushSubscription


def note_answer(session: Session, device_id: uuid.UUID, answer: Answer, *, now: datetime) -> None:
    """Store the result of a call on the device. If the push service says that the device no longer exists, delete it with its
    dispatches."""
    mine = PushSubscription.id == device_id
    if answer.outcome == Outcome.GONE:
        session.execute(sa.delete(PushSubscription).where(mine))
    elif answer.outcome is not None:
        values: dict[str, Any] = {"reached_at": now, "problem": ""} if answer.ok else {"problem": answer.words}
        session.execute(sa.update(PushSubscription).where(mine).values(values))
