"""Read notifications, preferences and devices. Notifications about threads that the viewer may no longer see are left out."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.paging import Page, cut_page, read_cursor
from app.domain.accounts.access import Viewer
from app.domain.accounts.models import User
from app.domain.connections.models import Channel
from app.domain.contacts.models import Contact
from app.domain.notifications.models import (
    Notification,
    NotificationChoice,
    NotificationKind,
    NotificationSettings,
    PushSubscription,
    Way,
    is_usual,
)
from app.domain.notifications.quiet import Week, read
from app.domain.threads.models import Message, Thread

COUNT_CAP = 100
SUBJECT = sa.func.coalesce(Thread.subject, Channel.name, "")
BRAND_ID = sa.func.coalesce(Thread.brand_id, Channel.brand_id, Notification.brand_id)  # of what a notification is about


@dataclass(frozen=True)
class NotificationRow:
    """A notification as a list shows it. `text`: the beginning of the newest message that it is about, "" if there is none.
    `actor_name`: the user who caused it, "" if no user did."""

    notification: Notification
    subject: str
    contact_name: str
    actor_name: str
    text: str


def list_notifications(session: Session, *, viewer: Viewer, cursor: str | None = None, limit: int = 30) -> Page[NotificationRow]:
    """List the viewer's notifications, newest first. One query. Raises BadCursor."""
    query = rows_query().where(*_own(viewer), Notification.in_app)
    query = query.order_by(Notification.created_at.desc(), Notification.id.desc())
    if cursor is not None:
        at, row_id = read_cursor(cursor)
        place = sa.tuple_(sa.literal(at, sa.DateTime(timezone=True)), sa.literal(row_id, sa.Uuid))
        query = query.where(sa.tuple_(Notification.created_at, Notification.id) < place)
    rows = [as_row(found) for found in session.execute(query.limit(limit + 1))]
    return cut_page(rows, limit, lambda row: (row.notification.created_at, row.notification.id))


def rows_query() -> sa.Select[Any]:
    """Return the query that selects notifications with their subjects. Use `as_row` to convert its result rows."""
    return (
        sa.select(Notification, SUBJECT, Contact.name, User.name, sa.func.left(Message.text, 300))
        .outerjoin(Thread, Thread.id == Notification.thread_id)
        .outerjoin(Channel, Channel.id == Notification.channel_id)
        .outerjoin(Contact, Contact.id == Thread.contact_id)
        .outerjoin(User, User.id == Notification.actor_user_id)
        .outerjoin(Message, Message.id == Notification.message_id)
    )


def as_row(found: Any) -> NotificationRow:
    """Convert one result row of `rows_query` to a `NotificationRow`."""
    return NotificationRow(found[0], found[1], found[2] or "", found[3] or "", found[4] or "")


def count_unread(session: Session, *, viewer: Viewer) -> int:
    """Count the viewer's unread notifications, at most COUNT_CAP. One query."""
    unread = _about(sa.select(Notification.id))
    unread = unread.where(*_own(viewer), Notification.in_app, Notification.read_at.is_(None)).limit(COUNT_CAP)
    return int(session.execute(sa.select(sa.func.count()).select_from(unread.subquery())).scalar_one())


def find_notification(session: Session, *, viewer: Viewer, notification_id: Any) -> Notification | None:
    """Return a notification of the viewer, even if it was sent only outside the app. Return None if it is another user's or
    does not exist."""
    query = _about(sa.select(Notification))
    return session.execute(query.where(*_own(viewer), Notification.id == notification_id)).scalar_one_or_none()


@dataclass(frozen=True)
class Preferences:
    """A user's notification preferences. `wanted`: the pairs of kind and way that the user wants. `quiet`: the quiet hours.
    `shows_content`: names may be shown. `digest_hour`: the hour of the digest, None for no digest."""

    wanted: frozenset[tuple[NotificationKind, Way]]
    quiet: Week
    shows_content: bool
    digest_hour: int | None


def get_preferences(session: Session, user_id: uuid.UUID) -> Preferences:
    """Read the user's preferences, with the defaults for everything they have not chosen. Two queries."""
    query = sa.select(NotificationChoice.kind, NotificationChoice.way, NotificationChoice.wanted)
    rows = session.execute(query.where(NotificationChoice.user_id == user_id)).all()
    chosen = {(row.kind, row.way): row.wanted for row in rows}
    pairs = ((kind, way) for kind in NotificationKind for way in Way)
    wanted = frozenset(pair for pair in pairs if chosen.get(pair, is_usual(*pair)))
    found = session.get(NotificationSettings, user_id, populate_existing=True)
    if found is None:
        return Preferences(wanted, read(None), False, None)
    return Preferences(wanted, read(found.quiet), found.shows_content, found.digest_hour)


def list_devices(session: Session, user_id: uuid.UUID) -> list[PushSubscription]:
    """List the user's devices, newest first."""
    query = sa.select(PushSubscription).where(PushSubscription.user_id == user_id)
    return list(session.execute(query.order_by(PushSubscription.created_at.desc(), PushSubscription.id)).scalars())


def _own(viewer: Viewer) -> tuple[sa.ColumnElement[bool], ...]:
    return Notification.user_id == viewer.user_id, in_sight(viewer.brand_ids)


def in_sight(brand_ids: Collection[uuid.UUID]) -> sa.ColumnElement[bool]:
    """Return the SQL condition for notifications about these brands or about the installation itself. Only administrators get
    notifications about the installation."""
    return sa.or_(BRAND_ID.in_(brand_ids), Notification.kind == NotificationKind.SYSTEM_ERROR)


def _about(query: sa.Select[Any]) -> sa.Select[Any]:
    thread = query.outerjoin(Thread, Thread.id == Notification.thread_id)
    return thread.outerjoin(Channel, Channel.id == Notification.channel_id)
