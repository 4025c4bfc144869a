"""What deliveries do when something happens elsewhere."""

from __future__ import annotations

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.delivery.models import Delivery, ScheduledReply
from app.delivery.scheduled import hold_for_newer
from app.events.models import Event
from app.inbox.models import Message


def follow_merged_thread(session: Session, event: Event) -> None:
    """Deliveries and replies for later of a thread that was merged away belong to the thread that holds its messages now."""
    gone = uuid.UUID(event.payload["merged_thread_id"])
    session.execute(sa.update(Delivery).where(Delivery.thread_id == gone).values(thread_id=event.thread_id))
    session.execute(sa.update(ScheduledReply).where(ScheduledReply.thread_id == gone).values(thread_id=event.thread_id))


def hold_scheduled_replies(session: Session, event: Event) -> None:
    """`MessageReceived`: what a colleague meant to send later may not fit any more, unless a machine wrote."""
    message = session.get(Message, event.message_id) if event.message_id else None
    if message is not None and message.automatic is None:
        hold_for_newer(session, message.thread_id, now=event.occurred_at, caused_by=event)
