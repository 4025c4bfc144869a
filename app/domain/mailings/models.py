"""Tables of mailings and of their recipients; each recipient is a promise to send one mail."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum

MAILING_EVENTS = ("MailingCreated", "MailingPaused", "MailingResumed", "MailingStopped")


class RecipientOutcome(StrEnum):
    QUEUED = "queued"  # its message is promised; what becomes of it is the delivery's
    STOPPED = "stopped"  # the address must not be written to
    NO_CONSENT = "no_consent"
    FAILED = "failed"
    CANCELLED = "cancelled"  # somebody stopped the mailing before their turn


class Mailing(WithId, Base):
    """A mailing. `provider_template`: the name of a template at the provider, which has its own subject and text."""

    __tablename__ = "mailings"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id"))
    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id"))
    created_by_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"))
    subject: Mapped[str]
    text: Mapped[str]
    html: Mapped[str] = mapped_column(default="")
    provider_template: Mapped[str | None]
    category: Mapped[str] = mapped_column(default="")
    send_at: Mapped[datetime]
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("ix_mailings_brand_id_created_at", "brand_id", "created_at"),)


class MailingRecipient(WithId, Claimable, Base):
    """A recipient of a mailing. States: ready → running → done. A row that is done has an `outcome` and, if a mail was queued,
    a `message_id`.

    `values` fill the blanks of the mailing's text. `consent`: what the sender of the mailing stated about the recipient's
    consent, {"given", "basis"}.
    """

    __tablename__ = "mailing_recipients"

    mailing_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("mailings.id", ondelete="CASCADE"))
    address: Mapped[str]
    name: Mapped[str] = mapped_column(default="")
    values: Mapped[dict[str, Any]] = mapped_column(default=dict)
    consent: Mapped[dict[str, Any]] = mapped_column(default=dict)
    outcome: Mapped[RecipientOutcome | None] = mapped_column(text_enum(RecipientOutcome, "outcome"))
    reason: Mapped[str] = mapped_column(default="")
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"))

    __table_args__ = (
        sa.UniqueConstraint("mailing_id", "address"),
        sa.Index("ix_mailing_recipients_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_mailing_recipients_message_id", "message_id"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state = 'done') = (outcome IS NOT NULL)", name="outcome_pair"),
    )
