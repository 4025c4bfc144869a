"""Tables of mailbox items, reconciliations, and followed calendar events."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId

HELD, MISSING, UNWANTED = "held", "missing", "unwanted"
MOVED, DELETED = "moved", "deleted"
_ACTIVE = "state IN ('ready', 'running')"


class MailboxItem(Base):
    """One mail of a mailbox, under the provider's own id. The id stays the same when the mail is moved.

    `state`: held (stored as an inbound event), missing (seen at the provider, not stored yet), unwanted (a draft, or older
    than the channel). `gone`: "moved" (out of its folder, to the folder named `gone_to`), "deleted", or null while the mail
    is in its folder. Our message stays in any case.
    """

    __tablename__ = "mailbox_items"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    folder: Mapped[str]
    state: Mapped[str]
    received_at: Mapped[datetime | None]
    inbound_event_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("inbound_events.id", ondelete="SET NULL"))
    message_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id", ondelete="SET NULL"))
    gone: Mapped[str | None]
    gone_to: Mapped[str] = mapped_column(default="", server_default="")
    changed_at: Mapped[datetime]
    seen_in: Mapped[uuid.UUID | None]  # the reconciliation that saw it last

    __table_args__ = (
        sa.Index(
            "ix_mailbox_items_inbound_event_id", "inbound_event_id", postgresql_where=sa.text("inbound_event_id IS NOT NULL")
        ),
        sa.Index("ix_mailbox_items_message_id", "message_id", postgresql_where=sa.text("message_id IS NOT NULL")),
        sa.CheckConstraint("state IN ('held', 'missing', 'unwanted')", name="state"),
        sa.CheckConstraint("gone IN ('moved', 'deleted')", name="gone"),
    )


class Reconciliation(WithId, Claimable, Base):
    """One comparison of a mailbox at its provider with the mails stored here. States: ready → running → done, or → failed with
    a `reason`.

    `progress`: {"phase", "link", "listed": {folder: n}, "total", "tries": {item: n}, "failures"}. `result`: {"there":
    {folder: n}, "here": {folder: n}, "missing", "fetched", "moved", "deleted", "unread", "left", "differences"}.
    "differences" is a list of {"kind", "folder", "subject", "at", "to"}.
    """

    __tablename__ = "reconciliations"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"))
    asked_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id"))
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    reason: Mapped[str] = mapped_column(default="", server_default="")

    __table_args__ = (
        sa.Index("uq_reconciliations_active", "channel_id", unique=True, postgresql_where=sa.text(_ACTIVE)),
        sa.Index("ix_reconciliations_due", "run_at", postgresql_where=sa.text(_ACTIVE)),
        sa.Index("ix_reconciliations_channel_id", "channel_id", "created_at"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name="state"),
        sa.CheckConstraint("(state IN ('done', 'failed')) = (ended_at IS NOT NULL)", name="ended_pair"),
    )


class FollowedEvent(Base):
    """An event of a mailbox's calendar for which a task was created. If `task_id` is null, the task was deleted; it is not
    created again."""

    __tablename__ = "calendar_events"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    task_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("tasks.id", ondelete="SET NULL"), index=True)
