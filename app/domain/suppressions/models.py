"""Table of suppressions: addresses to which a brand must not send, with reason and source."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.contract.suppression import Stop
from app.core.db import Base, WithId, text_enum

# Somebody who unsubscribed from mailings still gets answers to what they ask.
STOPS_EVERYTHING = frozenset({Stop.BOUNCED, Stop.COMPLAINED})


class Suppression(WithId, Base):
    """One reason why a brand must not send to an address (in lower case). It applies until it is lifted; the row is never
    deleted.

    `source` is the name of a provider, "link" for a click of the recipient, or "user" for a colleague. `detail` is the text
    of the source.
    """

    __tablename__ = "suppressions"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"))
    address: Mapped[str]
    reason: Mapped[Stop] = mapped_column(text_enum(Stop, "reason"))
    source: Mapped[str]
    detail: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime]
    created_at: Mapped[datetime]
    lifted_at: Mapped[datetime | None]
    lifted_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (
        sa.Index(
            "uq_suppressions_brand_id_address_reason",
            "brand_id",
            "address",
            "reason",
            unique=True,
            postgresql_where=sa.text("lifted_at IS NULL"),
        ),
        sa.Index("ix_suppressions_created", "created_at", "id", postgresql_where=sa.text("lifted_at IS NULL")),
        sa.CheckConstraint("address = lower(address) AND address <> ''", name="address"),
        sa.CheckConstraint("lifted_by_user_id IS NULL OR lifted_at IS NOT NULL", name="lifted"),
    )
