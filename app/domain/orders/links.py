"""Write the rows that link orders with threads: delete a link, refuse it, allow it again. `threads/order_links.py` decides
when."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.orders.models import OrderLinkRefusal, OrderThread


def unlink_thread(session: Session, order_id: uuid.UUID, thread_id: uuid.UUID) -> bool:
    """Unlink a thread from the order. Return False if the two were not linked."""
    gone = sa.delete(OrderThread).where(OrderThread.order_id == order_id, OrderThread.thread_id == thread_id)
    return session.execute(gone.returning(OrderThread.order_id)).first() is not None


def refuse_link(session: Session, order_id: uuid.UUID, thread_id: uuid.UUID, *, now: datetime) -> None:
    """Store that the thread is not about the order. The two are then not linked automatically any more. A repeat changes
    nothing."""
    row = postgresql.insert(OrderLinkRefusal).values(order_id=order_id, thread_id=thread_id, refused_at=now)
    session.execute(row.on_conflict_do_nothing())


def allow_link(session: Session, order_id: uuid.UUID, thread_id: uuid.UUID) -> None:
    """Delete the refusal, because somebody links the order and thread by hand after all."""
    session.execute(
        sa.delete(OrderLinkRefusal).where(OrderLinkRefusal.order_id == order_id, OrderLinkRefusal.thread_id == thread_id)
    )
