"""Tables of order mails: the readings, the layouts, and the counts from reviewed mails."""

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
    """The state of an order mail. A mail in one of the states `WAITING` needs a person's decision."""

    REVIEW = "review"
    CHANGE = "change"  # another content for an order that is here
    CANCELLATION = "cancellation"
    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    NOT_AN_ORDER = "not_an_order"


WAITING = (ReadingState.REVIEW, ReadingState.CHANGE, ReadingState.CANCELLATION)


class PartnerMailLayout(WithId, Base):
    """A layout of a partner's order mails. It is recognised by the labels of its required fields.

    `rules` are learned from corrections: field path -> label. `version` is the number of the current rules. `clean_in_row`:
    mails reviewed since the last mail with an error in a required field.
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
    """What was read from one order mail. `fields`: {path: {"value", "raw", "line", "cell", "bucket", "confidence", "others",
    "label"}}; a field that a person corrected has "decided" too.

    `pdf_rows`: the cells of the mail's PDF files. `confidence`: the probability (0 to 1) that all required fields are right.
    `reason`: a code that says why a person must review the mail. `order_row_id`: the order that was made from the mail, or
    that the mail is about.
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
    """The counts of one bucket: in how many reviewed mails a field of this bucket was read (`seen_count`), and in how many it
    was right.

    A bucket is a way in which a value is found (see `order_mail/confidence.py`).
    """

    __tablename__ = "partner_mail_counts"

    bucket: Mapped[str] = mapped_column(primary_key=True)
    right_count: Mapped[int] = mapped_column(default=0)
    seen_count: Mapped[int] = mapped_column(default=0)
