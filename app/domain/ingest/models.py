"""Tables of raw inbound events, and of the number of refused posts."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId

QUARANTINED = "quarantined"


class InboundEvent(WithId, Claimable, Base):
    """The raw bytes that a provider sent or a poll returned. They are stored before the provider gets its acknowledgement.

    `source` is the webhook route or poller through which the event came. (`source`, `dedupe_key`) is unique, so that a
    provider's repeat is stored once. States: ready → running → done, or → quarantined with a `reason`. A person can make a
    quarantined event ready again. `results` has one object per item: `result`, `thread_id`, `message_id`, `reason`.
    """

    __tablename__ = "inbound_events"

    source: Mapped[str]
    dedupe_key: Mapped[str]
    channel_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("channels.id"))
    received_at: Mapped[datetime]
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    meta: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[bytes]
    body_sha256: Mapped[bytes]
    reason: Mapped[str | None]
    results: Mapped[list[Any]] = mapped_column(default=list)
    done_at: Mapped[datetime | None]

    __table_args__ = (
        sa.UniqueConstraint("source", "dedupe_key"),
        sa.Index("ix_inbound_events_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_inbound_events_quarantined", "received_at", "id", postgresql_where=sa.text("state = 'quarantined'")),
        sa.Index("ix_inbound_events_received", "received_at"),
        sa.Index("ix_inbound_events_channel", "channel_id", "received_at"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'quarantined')", name="state"),
    )


class IntakeCount(Base):
    """The number of refused posts of one source, for one reason, on one day. Nothing else of these posts is stored."""

    __tablename__ = "intake_counts"

    day: Mapped[Any] = mapped_column(sa.Date, primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int] = mapped_column(sa.BigInteger, default=0)
