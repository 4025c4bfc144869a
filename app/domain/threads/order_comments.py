"""Write and list comments on an order: notes in an internal thread that is linked with the order.

The thread is closed, so that nobody has to answer it. Users named with `@` are notified as in any note, and the search finds
comments. A merged order has the comments of both orders. The caller owns the transaction.
"""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.orders.models import Order, OrderThread
from app.domain.threads.about import link_by_hand
from app.domain.threads.actions import NewThread, add_note, change_status, create_thread, find_by_client_token, lock_thread
from app.domain.threads.models import Message, MessageType, Thread, ThreadStatus, ThreadType

OF_ORDER = "order_comments"  # in the thread's external references: the id of the order
MOST_SHOWN = 100


def add_order_comment(
    session: Session, order: Order, text: str, *, viewer: Viewer, now: datetime, client_token: uuid.UUID | None
) -> Message:
    """Add a comment to the order, or return the comment already added with `client_token`. The first comment creates the
    thread."""
    session.execute(sa.select(Order.id).where(Order.id == order.id).with_for_update())  # two first comments take turns
    repeat = find_by_client_token(session, viewer.user_id, client_token)
    if repeat is not None:
        return repeat
    thread_id = _find_thread(session, order.id) or _begin(session, order, viewer=viewer, now=now)
    return add_note(
        session,
        thread_id=thread_id,
        text=text,
        actor=viewer.actor,
        author_name=viewer.name,
        now=now,
        client_token=client_token,
    )


def list_order_comments(session: Session, *, viewer: Viewer, order_id: uuid.UUID) -> list[tuple[Message, str]]:
    """List the newest MOST_SHOWN comments, oldest first, as pairs (message, author's name). One query."""
    linked = sa.select(OrderThread.thread_id).where(OrderThread.order_id == order_id)
    query = sa.select(Message, User.name).join(Thread, Thread.id == Message.thread_id)
    query = query.outerjoin(User, User.id == Message.sender_user_id)
    query = query.where(Thread.id.in_(linked), _holds_comments(), Thread.brand_id.in_(viewer.brand_ids))
    query = query.where(Message.message_type == MessageType.INTERNAL_NOTE)
    rows = session.execute(query.order_by(Message.occurred_at.desc(), Message.id.desc()).limit(MOST_SHOWN)).all()
    return [(row.Message, row.name or "") for row in reversed(rows)]


def is_of_comments(thread: Thread) -> bool:
    """Return whether the thread consists of an order's comments, which are shown on the order's page."""
    return OF_ORDER in thread.external_references


def _find_thread(session: Session, order_id: uuid.UUID) -> uuid.UUID | None:
    linked = sa.select(OrderThread.thread_id).where(OrderThread.order_id == order_id)
    own = (Thread.external_references[OF_ORDER].astext == str(order_id)).desc()
    query = sa.select(Thread.id).where(Thread.id.in_(linked), _holds_comments()).order_by(own, Thread.created_at)
    return session.execute(query.limit(1)).scalar_one_or_none()


def _holds_comments() -> sa.ColumnElement[bool]:
    return sa.and_(Thread.medium == "internal", Thread.external_references.has_key(OF_ORDER))


def _begin(session: Session, order: Order, *, viewer: Viewer, now: datetime) -> uuid.UUID:
    new = NewThread(
        brand_id=order.brand_id,
        medium="internal",
        subject=order.order_number,
        contact_id=order.customer_contact_id,
        thread_type=ThreadType.INTERNAL_TICKET,
        created_by_user_id=viewer.user_id,
        external_references={OF_ORDER: str(order.id)},
    )
    thread = create_thread(session, new, now=now, actor=viewer.actor)
    session.flush()
    change_status(session, thread_id=thread.id, status=ThreadStatus.CLOSED, actor=viewer.actor, now=now)
    link_by_hand(session, lock_thread(session, thread.id), order, actor=viewer.actor, now=now)
    return thread.id
