"""An order that is searched for by its number, and its conversations."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Order, OrderThread
from app.domain.threads.models import Thread, ThreadAlias
from app.domain.threads.search_find import Found

NUMBER = re.compile(r"\"?(\w{1,20}-[0-9]{4}-[0-9]{1,15})\"?")
MOST = 20


def find_order_numbered(session: Session, *, text: str, brand_ids: Sequence[uuid.UUID]) -> Order | None:
    """The order whose whole number was typed, in whatever capitals. Nothing is asked of what is no such number."""
    match = NUMBER.fullmatch(text.strip())
    if match is None:
        return None
    query = sa.select(Order).where(Order.order_number == match[1].upper(), Order.brand_id.in_(brand_ids))
    return session.execute(query).scalar_one_or_none()


def list_threads_numbered(session: Session, *, text: str, brand_ids: Sequence[uuid.UUID]) -> list[Found]:
    """The conversations about that order, newest first; a merged one is found where it went."""
    order = find_order_numbered(session, text=text, brand_ids=brand_ids)
    if order is None:
        return []
    linked = sa.select(OrderThread.thread_id).where(OrderThread.order_id == order.id)
    merged = sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_id.in_(linked))
    query = sa.select(Thread.id, Thread.last_message_at).where(sa.or_(Thread.id.in_(linked), Thread.id.in_(merged)))
    query = query.where(Thread.brand_id.in_(brand_ids)).order_by(Thread.last_message_at.desc(), Thread.id.desc())
    return [Found(row.id, None, row.last_message_at, row.id) for row in session.execute(query.limit(MOST))]
