"""Places as they were typed, and their parts."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class AddressType(StrEnum):
    INSTALLATION = "installation"
    BILLING = "billing"
    OTHER = "other"


class Address(WithId, Base):
    """One place. `typed` is what somebody wrote, and never changes; the parts are read from it or were typed one by one.

    `house_number` is digits, `house_number_addition` what stands behind them ("A", "bis", "2-hoog"); `country` is two letters.
    """

    __tablename__ = "addresses"

    contact_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id", ondelete="SET NULL"))
    address_type: Mapped[AddressType] = mapped_column(text_enum(AddressType, "address_type"))
    typed: Mapped[str]
    street: Mapped[str] = mapped_column(default="")
    house_number: Mapped[str] = mapped_column(default="")
    house_number_addition: Mapped[str] = mapped_column(default="")
    postal_code: Mapped[str] = mapped_column(default="")
    city: Mapped[str] = mapped_column(default="")
    country: Mapped[str] = mapped_column(default="NL")
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_addresses_contact", "contact_id", postgresql_where=sa.text("contact_id IS NOT NULL")),
        sa.CheckConstraint("typed <> ''", name="typed"),
    )
