"""Tables of saved reports, targets of brands, and costs of channels."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId


class SavedReport(WithId, Base):
    """A saved report: a name for the query parameters of a report. It gives no access: each reader sees only figures they may
    see."""

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
    """A brand's own target for a figure, in place of the default: seconds, a share of 1, or a score.

    `medium`: the kind of channel it applies to, "" for all."""

    __tablename__ = "report_targets"

    brand_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("brands.id", ondelete="CASCADE"), primary_key=True)
    measure: Mapped[str] = mapped_column(primary_key=True)
    medium: Mapped[str] = mapped_column(primary_key=True, default="", server_default="")
    value: Mapped[float]
    set_at: Mapped[datetime]
    set_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))


class ChannelCost(Base):
    """The costs of a channel from `from_date` on, until the channel's next row. The currency is that of the brand when the row
    was written.

    `per_month`: the fixed cost. `per_message`: the provider's price of a sent message. `per_call`: the price of a call.
    `minutes`: the minutes of work for each message or call, in or out. `per_hour`: the cost of an hour of work.
    """

    __tablename__ = "channel_costs"

    channel_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("channels.id", ondelete="CASCADE"), primary_key=True)
    from_date: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str]
    per_month: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    per_message: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    per_call: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    minutes: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    per_hour: Mapped[Decimal] = mapped_column(sa.Numeric(12, 4))
    set_at: Mapped[datetime]
    set_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))

    __table_args__ = (sa.CheckConstraint("least(per_month, per_message, per_call, minutes, per_hour) >= 0", name="amounts"),)
