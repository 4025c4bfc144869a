"""Tables of order mails that were read, their layouts, and what was learned."""

from __future__ import annotations

import uuid
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class ReadingState(StrEnum):
    """The state of an order mail. Those of `WAITING` wait for a person's decision."""

    REVIEW = "review"
    CHANGE = "change"  # another content for an order that is here
    CANCELLATION = "cancellation"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    NOT_AN_ORDER = "not_an_order"


WAITING = (ReadingState.REVIEW, ReadingState.CHANGE, ReadingState.CANCELLATION)


class PartnerMailLayout(WithId, Base):
    """A layout of a partner's order mails, known by the labels of required fields.

    `rules`: label by field path, learned from corrections; `version` counts them. `clean_in_row`: mails reviewed since the last
    one with an error in a required field.
    """

    __tablename__ = "partner_mail_layouts"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    labels: Mapped[list[str]]
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    reviewed: Mapped[int] = mapped_column(default=0)
    clean_in_row: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = (sa.UniqueConstraint("partner_id", "labels"),)


class PartnerMailReading(WithId, Base):
    """What was read of an order mail, once. `fields`: {path: {"value", "raw", "line", "cell", "bucket", "confidence", "others",
    "label"}}, and "decided" beside "value" where a person corrected it.

    `pdf_rows`: the cells of its PDF files. `confidence`: the probability that all required fields are right. `reason`: a code,
    why a person has to look. `order_row_id`: the order the mail became or is about.
    """

    __tablename__ = "partner_mail_readings"

    message_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("messages.id", ondelete="CASCADE"), unique=True)
    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"))
    layout_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("partner_mail_layouts.id", ondelete="SET NULL"))
    layout_version: Mapped[int] = mapped_column(default=0)
    engine: Mapped[int]
    state: Mapped[ReadingState] = mapped_column(text_enum(ReadingState, "state"))
    reason: Mapped[str] = mapped_column(default="")
    labels: Mapped[list[str]]
    pdf_rows: Mapped[list[Any]] = mapped_column(JSONB, default=list, server_default="[]")
    fields: Mapped[dict[str, Any]] = mapped_column(default=dict)
    confidence: Mapped[Decimal] = mapped_column(sa.Numeric(5, 4))
    order_row_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("partner_orders.id", ondelete="SET NULL"))
    by_hand: Mapped[bool] = mapped_column(default=False)
    decided_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_partner_mail_readings_newest", "partner_id", "created_at", "id"),
        sa.Index(
            "ix_partner_mail_readings_waiting",
            "created_at",
            "id",
            postgresql_where=sa.text("decided_at IS NULL AND state IN ('review', 'change', 'cancellation')"),
        ),
        sa.CheckConstraint("decided_by_user_id IS NULL OR decided_at IS NOT NULL", name="decided"),
    )

    @property
    def is_waiting(self) -> bool:
        return self.decided_at is None and self.state in WAITING


class PartnerMailCount(Base):
    """How many reviewed mails had a field of this bucket, and in how many it was right (`order_mail/confidence.py`)."""

    __tablename__ = "partner_mail_counts"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    right_count: Mapped[int] = mapped_column(default=0)
    seen_count: Mapped[int] = mapped_column(default=0)
