"""Tables of what people keep about figures: reports they come back to, and the targets of a brand."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class SavedReport(WithId, Base):
    """The address of a report under a name. It holds filters and no permission: each reader sees what they may see."""

    __tablename__ = "saved_reports"

    owner_user_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str]
    is_shared: Mapped[bool]
    args: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("name <> ''", name="name"),
        sa.Index("uq_saved_reports_name", "owner_user_id", sa.text("lower(name)"), unique=True),
    )


class ReportTarget(Base):
    """What a brand wants a figure to be, where it is not what the house proposes: seconds, a share of 1, or a score.

    `medium`: over one kind of channel, "" over all."""

    __tablename__ = "report_targets"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    medium: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
    value: Mapped[float]
    set_at: Mapped[datetime]
    set_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
