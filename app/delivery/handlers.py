"""What deliveries do when something happens elsewhere."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Delivery
from app.events.models import Event


def follow_merged_thread(session: Session, event: Event) -> None:
    """Deliveries of a thread that was merged away belong to the thread that holds their messages now."""
    gone = uuid.UUID(event.payload["merged_thread_id"])
    session.execute(sa.update(Delivery).where(Delivery.thread_id == gone).values(thread_id=event.thread_id))
