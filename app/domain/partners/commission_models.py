"""Tables of partner commissions: rates, commissions of orders, closed monthly statements."""

from __future__ import annotations

import uuid
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class CommissionState(StrEnum):
    PROVISIONAL = "provisional"
    FINAL = "final"
    REVERSED = "reversed"


class PartnerRate(Base):
    """The commission percentage (0–100) that is agreed with a partner for a level of its channel, valid from a day on. If there
    is no row, the default percentage applies."""

    __tablename__ = "partner_rates"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True)
    level: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    valid_from: Mapped[date] = mapped_column(primary_key=True)
    percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2))

    __table_args__ = (
        sa.CheckConstraint("level BETWEEN 1 AND 9", name="level"),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name="percent"),
    )


class PartnerCommission(WithId, Base):
    """The commission of one organization of a partner's channel for one order. `amount` is `percent` per cent of `base`, the
    order's total without tax, in the currency of the order.

    `state_at`: when `state` was set. A final amount never changes. `paid_month`: the closed month whose statement contains
    the commission, until another month takes it back.
    """

    __tablename__ = "partner_commissions"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id"))
    order_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("orders.id", ondelete="CASCADE"))
    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id"))
    level: Mapped[int] = mapped_column(sa.SmallInteger)
    percent: Mapped[Decimal] = mapped_column(sa.Numeric(5, 2))
    base: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    amount: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    state: Mapped[CommissionState] = mapped_column(text_enum(CommissionState, "state"))
    state_at: Mapped[datetime]
    paid_month: Mapped[date | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.UniqueConstraint("order_id", "level"),
        sa.Index("ix_partner_commissions_statement", "partner_id", "state", "state_at"),
        sa.Index("ix_partner_commissions_contact", "contact_id"),
    )


class PartnerStatement(Base):
    """The statement of a partner for one closed month. `lines` are the commissions and `total` is their sum at that time. It
    does not change when orders change later."""

    __tablename__ = "partner_statements"

    partner_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    lines: Mapped[list[Any]] = mapped_column(JSONB)
    total: Mapped[Decimal] = mapped_column(sa.Numeric(12, 2))
    closed_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    closed_at: Mapped[datetime]

    __table_args__ = (sa.CheckConstraint("extract(day FROM month) = 1", name="month"),)
