"""Tell users what concerns them, and note what they have seen. The caller owns the transaction."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from app.accounts.models import BrandMember, Role, User
from app.core.ids import new_id
from app.events.actions import Actor, Subject, audit, record
from app.events.models import Event
from app.notifications.models import Notification, NotificationKind, NotificationMute


@dataclass(frozen=True)
class News:
    """What to tell. Whoever caused it is never told of it themselves."""

    kind: NotificationKind
    brand_id: uuid.UUID
    thread_id: uuid.UUID
    message_id: uuid.UUID | None
    actor_user_id: uuid.UUID | None
    at: datetime


def tell(session: Session, news: News, *, to: sa.ColumnElement[bool], caused_by: Event) -> list[uuid.UUID]:
    """Notify those users of `to` (a condition on User) who may see the brand and want this kind. Returns whom.

    News of kind `message` join the unread one of their thread.
    """
    user_ids = list(session.execute(_receivers(news).where(to)).scalars())
    if not user_ids:
        return []
    rows = [
        {
            "id": new_id(),
            "user_id": user_id,
            "kind": news.kind,
            "thread_id": news.thread_id,
            "message_id": news.message_id,
            "actor_user_id": news.actor_user_id,
            "count": 1,
            "created_at": news.at,
        }
        for user_id in user_ids
    ]
    insert = postgresql.insert(Notification).values(rows)
    join = insert.on_conflict_do_update(
        index_elements=["user_id", "thread_id"],
        index_where=sa.text("read_at IS NULL AND kind = 'message'"),
        set_={"count": Notification.count + 1, "message_id": insert.excluded.message_id, "created_at": news.at},
    )
    session.execute(join)
    subject = Subject(brand_id=news.brand_id, thread_id=news.thread_id, message_id=news.message_id)
    payload = {"user_ids": [str(user_id) for user_id in user_ids]}
    record(session, "NotificationAdded", subject=subject, now=news.at, payload=payload, caused_by=caused_by)
    return user_ids


def _receivers(news: News) -> sa.Select[uuid.UUID]:
    member = sa.exists(
        sa.select(BrandMember.user_id).where(BrandMember.user_id == User.id, BrandMember.brand_id == news.brand_id)
    )
    muted = sa.exists(
        sa.select(NotificationMute.user_id).where(NotificationMute.user_id == User.id, NotificationMute.kind == news.kind)
    )
    conditions = [User.disabled_at.is_(None), sa.or_(User.role == Role.ADMIN, member), ~muted]
    if news.actor_user_id is not None:
        conditions.append(User.id != news.actor_user_id)
    return sa.select(User.id).where(*conditions).order_by(User.id)


def mark_read(
    session: Session,
    *,
    user_id: uuid.UUID,
    now: datetime,
    notification_id: uuid.UUID | None = None,
    thread_id: uuid.UUID | None = None,
) -> int:
    """Note that the user has seen one notification, those of a thread, or all. Returns how many were unread."""
    statement = sa.update(Notification).where(Notification.user_id == user_id, Notification.read_at.is_(None)).values(read_at=now)
    if notification_id is not None:
        statement = statement.where(Notification.id == notification_id)
    if thread_id is not None:
        statement = statement.where(Notification.thread_id == thread_id)
    return len(session.execute(statement.returning(Notification.id)).all())


def choose_kinds(
    session: Session, *, user_id: uuid.UUID, wanted: Collection[NotificationKind], now: datetime, actor: Actor
) -> None:
    """Set which kinds the user is told about; every other kind is muted."""
    session.execute(sa.delete(NotificationMute).where(NotificationMute.user_id == user_id))
    muted = [kind for kind in NotificationKind if kind not in wanted]
    session.add_all(NotificationMute(user_id=user_id, kind=kind) for kind in muted)
    detail = {"muted": [kind.value for kind in muted]}
    audit(session, action="NotificationsChosen", object_type="user", object_id=str(user_id), now=now, actor=actor, detail=detail)
