"""Table of suppressions: addresses that must not be written to, by brand, with source and reason."""

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
    """One reason not to write to an address (lower case) for a brand. It holds until lifted, and stays as a record.

    `source`: a provider, "link" for the recipient's own click, "user" for a colleague. `detail` is the source's own text.
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
