"""What a followed mailbox holds, as its provider last said."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base

HELD, MISSING, UNWANTED = "held", "missing", "unwanted"
MOVED, DELETED = "moved", "deleted"


class MailboxItem(Base):
    """One item of a mailbox under the provider's own id, which stays through every move.

    `state`: held (it is an inbound event, or was one), missing (seen there, not here yet), unwanted (a draft, or from before the
    channel's start). `gone`: it left its folder, to another (`gone_to`, as people there call it) or for good. What is ours stays.
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

    __table_args__ = (
        sa.Index(
            "ix_mailbox_items_inbound_event_id", "inbound_event_id", postgresql_where=sa.text("inbound_event_id IS NOT NULL")
        ),
        sa.Index("ix_mailbox_items_message_id", "message_id", postgresql_where=sa.text("message_id IS NOT NULL")),
        sa.CheckConstraint("state IN ('held', 'missing', 'unwanted')", name="state"),
        sa.CheckConstraint("gone IN ('moved', 'deleted')", name="gone"),
    )
