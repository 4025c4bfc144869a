"""Tables of events, outbox entries and the audit log."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId


class Event(WithId, Base):
    """An event that happened, named in the past tense, such as `MessageReceived`. Rows are never updated. The history of a
    thread is read from these rows."""

    __tablename__ = "events"

    type: Mapped[str]
    occurred_at: Mapped[datetime]
    brand_id: Mapped[uuid.UUID | None]
    thread_id: Mapped[uuid.UUID | None]
    message_id: Mapped[uuid.UUID | None]
    actor_user_id: Mapped[uuid.UUID | None]
    caused_by_id: Mapped[uuid.UUID | None]
    depth: Mapped[int] = mapped_column(default=0)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (sa.Index("ix_events_thread", "thread_id", "occurred_at", "id"),)


class OutboxEntry(Claimable, Base):
    """The promise that one handler will react to one event."""

    __tablename__ = "outbox_entries"

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    event_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("events.id", ondelete="CASCADE"))
    handler: Mapped[str]
    queue: Mapped[str]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=sa.func.now())

    __table_args__ = (
        sa.UniqueConstraint("event_id", "handler"),
        sa.Index("ix_outbox_entries_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.Index("ix_outbox_entries_done", "created_at", postgresql_where=sa.text("state = 'done'")),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
    )


class AuditEntry(WithId, Base):
    """An entry of the audit log: who changed what, when and from which IP address. A trigger refuses UPDATE and DELETE. `detail`
    holds ids and codes, no personal data."""

    __tablename__ = "audit_entries"

    at: Mapped[datetime]
    actor_user_id: Mapped[uuid.UUID | None]
    action: Mapped[str]
    object_type: Mapped[str]
    object_id: Mapped[str]
    ip: Mapped[str | None]
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        sa.Index("ix_audit_entries_object", "object_type", "object_id", "at"),
        sa.Index("ix_audit_entries_at", "at"),
    )
