"""What a user is told about, and what they do not want to be told."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class NotificationKind(StrEnum):
    MENTION = "mention"
    ASSIGNMENT = "assignment"
    MESSAGE = "message"  # something came in on a thread assigned to the user, or watched by them
    HELD = "held"  # a reply the user scheduled was not sent: they decide
    TEAM = "team"  # a thread was handed to a team of theirs
    ESCALATION = "escalation"  # a deadline comes near or has passed, and it is theirs to do something


class Notification(WithId, Base):
    """One thing a user is told. Unread ones of kind `message` are one per thread: `count` says how many messages it stands for.

    `message_id` is the newest message it is about, `actor_user_id` who caused it; null where nobody signed in did.
    """

    __tablename__ = "notifications"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(text_enum(NotificationKind, "kind"))
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"), index=True)
    actor_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    count: Mapped[int] = mapped_column(default=1)
    read_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_notifications_newest", "user_id", sa.text("created_at DESC"), sa.text("id DESC")),
        sa.Index("ix_notifications_unread", "user_id", "thread_id", postgresql_where=sa.text("read_at IS NULL")),
        sa.Index(
            "uq_notifications_unread_message",
            "user_id",
            "thread_id",
            unique=True,
            postgresql_where=sa.text("read_at IS NULL AND kind = 'message'"),
        ),
    )


class NotificationMute(Base):
    """A kind of notification a user switched off."""

    __tablename__ = "notification_mutes"

    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NotificationKind] = mapped_column(text_enum(NotificationKind, "kind"), primary_key=True)
