"""Find an order by a number in a search, and the threads about it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.orders.models import Order, OrderThread
from app.domain.orders.queries import orders_called
from app.domain.threads.models import Thread
from app.domain.threads.order_threads import are_linked, is_about_order

NUMBER = re.compile(r"\"?(\w{1,20}-[0-9]{4}-[0-9]{1,15})\"?")
REFERENCE = re.compile(r"\"?((?=\S*[0-9])[^\s\"]{3,100})\"?")  # one word with a digit
MOST = 20
MOST_THREADS = 200


def find_order_numbered(session: Session, *, text: str, brand_ids: Sequence[uuid.UUID]) -> Order | None:
    """Return the order with this complete number (in any case). If there is none, return the newest order for which another
    party uses this number, or None. At most one query."""
    ours, theirs = NUMBER.fullmatch(text.strip()), REFERENCE.fullmatch(text.strip())
    number = ours[1].upper() if ours else ""
    ids = [sa.select(Order.id).where(Order.order_number == number)] if ours else []
    ids += [orders_called(theirs[1])] if theirs else []
    if not ids:
        return None
    query = sa.select(Order).where(Order.id.in_(sa.union_all(*ids)), Order.brand_id.in_(brand_ids))
    query = query.order_by((Order.order_number == number).desc(), Order.created_at.desc(), Order.id.desc())
    return session.execute(query.limit(1)).scalar_one_or_none()


def list_threads_numbered(session: Session, *, text: str, brand_ids: Sequence[uuid.UUID]) -> Sequence[sa.Row[Any]]:
    """List (id, last_message_at) of the threads about the order with this number, newest first.

    A merged thread is replaced by the thread it was merged into.
    """
    order = find_order_numbered(session, text=text, brand_ids=brand_ids)
    if order is None:
        return ()
    return session.execute(_newest(is_about_order(order.id), brand_ids).limit(MOST)).all()


def list_threads_called(session: Session, *, names: Sequence[str], brand_ids: Sequence[uuid.UUID]) -> list[uuid.UUID]:
    """List the ids of threads about orders with one of these numbers, ours or another party's, newest first.

    The list has at most MOST_THREADS + 1 ids, so that the caller sees whether there are too many.
    """
    numbered = sa.select(Order.id).where(Order.order_number.in_([name.upper() for name in names]))
    orders = sa.select(Order.id).where(Order.id.in_(sa.union_all(numbered, *map(orders_called, names))))
    query = _newest(are_linked(OrderThread.order_id.in_(orders.where(Order.brand_id.in_(brand_ids)))), brand_ids)
    return list(session.execute(query.limit(MOST_THREADS + 1)).scalars())


def _newest(about: sa.ColumnElement[bool], brand_ids: Sequence[uuid.UUID]) -> sa.Select[*tuple[Any, ...]]:
    query = sa.select(Thread.id, Thread.last_message_at).where(about, Thread.brand_id.in_(brand_ids))
    return query.order_by(Thread.last_message_at.desc(), Thread.id.desc())
