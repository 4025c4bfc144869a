"""Read notifications; those of threads the viewer may not see any more are left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.access import Viewer
from app.accounts.models import User
from app.contacts.models import Contact
from app.core.paging import Page, cut_page, read_cursor
from app.inbox.models import Message, Thread
from app.notifications.models import Notification, NotificationKind, NotificationMute

COUNT_CAP = 100


@dataclass(frozen=True)
class NotificationRow:
    """A notification as a list shows it. `text` is the newest message it is about, `actor_name` who caused it, if a user did."""

    notification: Notification
    subject: str
    contact_name: str
    actor_name: str
    text: str


def list_notifications(session: Session, *, viewer: Viewer, cursor: str | None = None, limit: int = 30) -> Page[NotificationRow]:
    """Newest first. One query. Raises BadCursor."""
    query = (
        sa.select(Notification, Thread.subject, Contact.name, User.name, sa.func.left(Message.text, 300))
        .join(Thread, Thread.id == Notification.thread_id)
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(User, User.id == Notification.actor_user_id)
        .outerjoin(Message, Message.id == Notification.message_id)
        .where(*_own(viewer))
        .order_by(Notification.created_at.desc(), Notification.id.desc())
    )
    if cursor is not None:
        at, row_id = read_cursor(cursor)
        place = sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid))
        query = query.where(sa.tuple_(Notification.created_at, Notification.id) < place)
    rows = [NotificationRow(r[0], r[1], r[2] or "", r[3] or "", r[4] or "") for r in session.execute(query.limit(limit + 1))]
    return cut_page(rows, limit, lambda row: (row.notification.created_at, row.notification.id))


def count_unread(session: Session, *, viewer: Viewer) -> int:
    """At most COUNT_CAP. One query."""
    unread = sa.select(Notification.id).join(Thread, Thread.id == Notification.thread_id)
    unread = unread.where(*_own(viewer), Notification.read_at.is_(None)).limit(COUNT_CAP)
    return int(session.execute(sa.select(sa.func.count()).select_from(unread.subquery())).scalar_one())


def find_notification(session: Session, *, viewer: Viewer, notification_id: Any) -> Notification | None:
    """One of the viewer's own, or None."""
    query = sa.select(Notification).join(Thread, Thread.id == Notification.thread_id)
    return session.execute(query.where(*_own(viewer), Notification.id == notification_id)).scalar_one_or_none()


def list_muted_kinds(session: Session, *, viewer: Viewer) -> frozenset[NotificationKind]:
    """What the viewer does not want to be told."""
    query = sa.select(NotificationMute.kind).where(NotificationMute.user_id == viewer.user_id)
    return frozenset(session.execute(query).scalars())


def _own(viewer: Viewer) -> tuple[sa.ColumnElement[bool], ...]:
    return Notification.user_id == viewer.user_id, Thread.brand_id.in_(viewer.brand_ids)
