"""Table of blocked senders."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base


class BlockedSender(Base):
    """An identity whose messages to one brand go to spam.

    It is stored by its value and not by its contact, so that it stays blocked after a merge of contacts.
    """

    __tablename__ = "blocked_senders"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(primary_key=True, default="")
    value: Mapped[str] = mapped_column(primary_key=True)
    blocked_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    blocked_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_blocked_senders_value", "kind", "scope", "value"),)
