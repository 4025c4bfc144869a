"""Tables of addresses as they were typed, with their parts, and of the register's answers."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, Claimable, WithId, text_enum


class AddressType(StrEnum):
    """What an address is for. OTHER: it is a contact's own, not that of an order."""

    INSTALLATION = "installation"
    BILLING = "billing"
    OTHER = "other"


class CheckStatus(StrEnum):
    WAITING = "waiting"  # the register was not asked yet, or could not be asked
    VALID = "valid"
    SEVERAL = "several"  # the register knows others of this number: somebody must choose
    NONE = "none"
    SKIPPED = "skipped"  # abroad, or too little is known to ask


class Address(WithId, Claimable, Base):
    """An address. `typed` is the text somebody wrote and never changes; the parts were read from it or were typed one by one.

    `house_number` has digits only. `house_number_addition` is what follows them ("A", "bis", "2-hoog"). `country` has two
    letters.

    The row is also the promise to ask the register. `check_status` is the result, `register` the matching address of the
    register, and `candidates` the addresses to choose from (see `register.Match.as_json`).
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
    check_status: Mapped[CheckStatus] = mapped_column(text_enum(CheckStatus, "check_status"), default=CheckStatus.WAITING)
    register: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    candidates: Mapped[list[Any]] = mapped_column(default=list)
    checked_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index("ix_addresses_contact", "contact_id", postgresql_where=sa.text("contact_id IS NOT NULL")),
        sa.Index(
            "ix_addresses_code",
            sa.func.lower(sa.func.replace(sa.text("postal_code"), " ", "")).label("code"),
            postgresql_ops={"code": "text_pattern_ops"},
        ),
        sa.Index("ix_addresses_city", sa.func.lower(sa.text("city")).label("town"), postgresql_ops={"town": "text_pattern_ops"}),
        sa.Index("ix_addresses_due", "run_at", postgresql_where=sa.text("state IN ('ready', 'running')")),
        sa.CheckConstraint("typed <> ''", name="typed"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done')", name="state"),
        sa.CheckConstraint("(check_status = 'valid') = (register IS NOT NULL)", name="register"),
    )


class AddressLookup(Base):
    """The register's answer to one question. It is stored for a month, or for a day if nothing was found. Errors are not
    stored."""

    __tablename__ = "address_lookups"

    key: Mapped[str] = mapped_column(primary_key=True)
    matches: Mapped[list[Any]]
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = (sa.Index("ix_address_lookups_expires", "expires_at"),)
