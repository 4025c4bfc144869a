"""Tables of a thread's watchers and of mentions."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class ThreadWatcher(Base):
    """A user who is notified of a thread's messages without being its assignee."""

    __tablename__ = "thread_watchers"

    thread_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("threads.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    created_at: Mapped[datetime]


class Mention(Base):
    """One mention: a note names a user with `@`."""

    __tablename__ = "mentions"

    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
