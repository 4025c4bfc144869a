"""Table of signals to a chat's provider: read marks, typing, reactions."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId


class SignalKind(StrEnum):
    READ = "read"
    TYPING = "typing"
    REACTION = "reaction"


class ChatSignal(WithId, Claimable, Base):
    """The promise to tell a chat's provider that a message was read, is being answered, or got a reaction of ours. `reason`: why
    the provider refused the signal."""

    __tablename__ = "chat_signals"

    kind: Mapped[str]
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), index=True)
    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"))
    emoji: Mapped[str] = mapped_column(default="", server_default="")
    reason: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("uq_chat_signals_read", "message_id", unique=True, postgresql_where=sa.text("kind = 'read'")),
        sa.Index("ix_chat_signals_message_id", "message_id", "created_at"),
        sa.Index("ix_chat_signals_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("kind IN ('read', 'typing', 'reaction')", name="kind"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )
