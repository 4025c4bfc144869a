"""Table of quotes: what was offered, the link to it, and the customer's answer."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum

NAME_CHARACTERS, NOTE_CHARACTERS = 200, 2000


class QuoteAnswer(StrEnum):
    ACCEPTED = "accepted"
    DECLINED = "declined"


class OrderQuote(WithId, Base):
    """One quote. `content` is what the quote says, as built by `content.py`. It does not change when the order changes.

    Only a hash of the link's secret is stored. `withdrawn_at`: when a colleague withdrew the quote, or a newer quote
    replaced it.
    """

    __tablename__ = "order_quotes"

    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    language: Mapped[str]
    content: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    made_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    expires_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    answer: Mapped[QuoteAnswer | None] = mapped_column(text_enum(QuoteAnswer, "answer"))
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="", server_default="")  # the name they wrote
    answer_note: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        sa.Index("ix_order_quotes_order", "order_id", "made_at"),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        sa.CheckConstraint("answer IS NULL OR answered_by <> ''", name="named"),
        sa.CheckConstraint("expires_at > made_at", name="expires"),
    )
