"""Find an order by its number in a search, and its conversations."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Order, OrderThread
from app.domain.orders.queries import orders_called
from app.domain.threads.models import Thread, ThreadAlias
from app.domain.threads.search_find import Found

NUMBER = re.compile(r"\"?(\w{1,20}-[0-9]{4}-[0-9]{1,15})\"?")
REFERENCE = re.compile(r"\"?((?=\S*[0-9])[^\s\"]{3,100})\"?")  # one word with a digit
MOST = 20


def find_order_numbered(session: Session, *, text: str, brand_ids: Sequence[uuid.UUID]) -> Order | None:
    """The order whose whole number was typed, in whatever capitals, else the newest that somebody else calls so. At most one
    query."""
    ours, theirs = NUMBER.fullmatch(text.strip()), REFERENCE.fullmatch(text.strip())
    number = ours[1].upper() if ours else ""
    ids = [sa.select(Order.id).where(Order.order_number == number)] if ours else []
    ids += [orders_called(theirs[1])] if theirs else []
    if not ids:
        return None
    query = sa.select(Order).where(Order.id.in_(sa.union_all(*ids)), Order.brand_id.in_(brand_ids))
    query = query.order_by((Order.order_number == number).desc(), Order.created_at.desc(), Order.id.desc())
    return session.execute(query.limit(1)).scalar_one_or_none()


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
