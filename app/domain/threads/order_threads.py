"""Read the threads about an order, and the orders of a thread. A merged thread is replaced by the thread it was merged into."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.models import Thread, ThreadAlias

MOST = 50
_MERGED = sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_id == OrderThread.thread_id).scalar_subquery()
PLACE = sa.func.coalesce(_MERGED, OrderThread.thread_id)
"""The id of a link's thread, of a merged one that of the kept thread."""


def is_about_order(order_id: Any) -> sa.ColumnElement[bool]:
    """Return the SQL condition for threads linked with the order. A merged thread is replaced by the thread it was merged into.

    `order_id` is a value or a bound parameter.
    """
    return are_linked(OrderThread.order_id == order_id)


def are_linked(which: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Return the SQL condition for threads that have a link for which `which` is true. `which` is a condition on `OrderThread`.

    A merged thread is replaced by the thread it was merged into.
    """
    linked = sa.select(OrderThread.thread_id).where(which)
    merged = sa.select(ThreadAlias.thread_id).where(ThreadAlias.old_id.in_(linked))
    return Thread.id.in_(sa.union_all(linked, merged))


def list_threads_about(session: Session, *, viewer: Viewer, order_id: uuid.UUID) -> list[Thread]:
    """List the threads about an order, newest first. A merged thread is replaced by the thread it was merged into. One query."""
    query = sa.select(Thread).where(is_about_order(order_id), Thread.brand_id.in_(viewer.brand_ids))
    return list(session.execute(query.order_by(Thread.last_message_at.desc(), Thread.id.desc()).limit(MOST)).scalars())


def find_thread_of_order(session: Session, order_id: uuid.UUID) -> uuid.UUID | None:
    """Return the id of the thread that was linked with the order most recently, or None if there is none."""
    query = sa.select(Thread.id).join(OrderThread, Thread.id == PLACE).where(OrderThread.order_id == order_id)
    return session.execute(query.order_by(OrderThread.linked_at.desc()).limit(1)).scalar_one_or_none()


def find_order_of_thread(session: Session, thread_id: uuid.UUID) -> Order | None:
    """Return the order most recently linked with the thread or with a thread merged into it, or None if there is none."""
    query = _orders_of(thread_id).order_by(OrderThread.linked_at.desc(), Order.id.desc())
    return session.execute(query.limit(1)).scalar_one_or_none()


def list_order_ids(session: Session, thread_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """Return a dict from thread id to the id of the order most recently linked with the thread or a thread merged into it. One
    query."""
    query = sa.select(PLACE.label("thread_id"), OrderThread.order_id).where(_is_of(thread_ids)).ext(postgresql.distinct_on(PLACE))
    rows = session.execute(query.order_by(PLACE, OrderThread.linked_at.desc(), OrderThread.order_id.desc()))
    return {row.thread_id: row.order_id for row in rows}


def list_orders_of_thread(session: Session, *, viewer: Viewer, thread_id: uuid.UUID) -> list[Order]:
    """List the orders a thread is about, newest first. One query."""
    query = _orders_of(thread_id)
    query = query.where(Order.brand_id.in_(viewer.brand_ids)).order_by(Order.created_at.desc(), Order.id.desc()).distinct()
    return list(session.execute(query.limit(MOST)).scalars())


def _orders_of(thread_id: uuid.UUID) -> sa.Select[Order]:
    return sa.select(Order).join(OrderThread, OrderThread.order_id == Order.id).where(_is_of([thread_id]))


def _is_of(thread_ids: Collection[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Return the SQL condition for links of these threads and of threads merged into them."""
    merged = sa.select(ThreadAlias.old_id).where(ThreadAlias.thread_id.in_(thread_ids))
    return sa.or_(OrderThread.thread_id.in_(thread_ids), OrderThread.thread_id.in_(merged))
