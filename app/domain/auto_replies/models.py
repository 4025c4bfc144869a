"""Tables of automatic answers by channel, and of the decision about each message."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class AutoReplyKind(StrEnum):
    CLOSED = "closed"  # nobody is there by the business calendar
    ORDER_STATUS = "order_status"  # somebody asks where their order is


class AutoReply(Base):
    """The automatic answer of one channel for one occasion. `texts`: language → text with variables, see `texts.py`."""

    __tablename__ = "auto_replies"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[AutoReplyKind] = mapped_column(text_enum(AutoReplyKind, "kind"), primary_key=True)
    is_on: Mapped[bool] = mapped_column(default=False)
    texts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    updated_at: Mapped[datetime]
    updated_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))


class AutoReplyDecision(WithId, Base):
    """The decision about one message, made once: it was answered (`sent_message_id`), or not, with the `reason`.

    `address` is where the answer goes: a mail address in lower case, or an identity in a chat. `address` and `contact_id`
    are used to limit how often a person is answered.
    """

    __tablename__ = "auto_reply_decisions"

    message_id: Mapped[uuid.UUID] = mapped_column(unique=True)  # no foreign key: a message can be split off or taken away
    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"))
    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    contact_id: Mapped[uuid.UUID | None]
    address: Mapped[str]
    kind: Mapped[AutoReplyKind] = mapped_column(text_enum(AutoReplyKind, "kind"))
    reason: Mapped[str] = mapped_column(default="")
    sent_message_id: Mapped[uuid.UUID | None]
    decided_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_auto_reply_decisions_log", "brand_id", sa.text("decided_at DESC"), sa.text("id DESC")),
        sa.Index("ix_auto_reply_decisions_thread", "thread_id"),
        sa.Index(
            "ix_auto_reply_decisions_address",
            "brand_id",
            "address",
            "decided_at",
            postgresql_where=sa.text("sent_message_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_auto_reply_decisions_channel",
            "channel_id",
            "decided_at",
            postgresql_where=sa.text("sent_message_id IS NOT NULL"),
        ),
        sa.CheckConstraint("(sent_message_id IS NULL) = (reason <> '')", name="outcome"),
    )
