"""People and organizations on the other side, and the ways they are recognised."""

from __future__ import annotations

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.db import Base, WithId, text_enum


class ContactType(StrEnum):
    PERSON = "person"
    ORGANIZATION = "organization"


class Contact(WithId, Base):
    """A person or an organization. `name_source` tells a name somebody typed from one a provider supplied."""

    __tablename__ = "contacts"

    contact_type: Mapped[ContactType] = mapped_column(text_enum(ContactType, "contact_type"), default=ContactType.PERSON)
    name: Mapped[str]
    name_source: Mapped[str] = mapped_column(default="provider")  # provider | user
    parent_organization_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    language: Mapped[str | None]
    job_title: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    note: Mapped[str] = mapped_column(default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_contacts_created", "created_at", "id"),
        sa.Index("ix_contacts_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


class ContactIdentity(WithId, Base):
    """One address, number or handle of a contact. `value` is as matched: e-mail in lower case, phone E.164, wa_id digits.

    Unique over (kind, scope, value): whoever writes from it is this contact. `username` values are display only and not unique.
    """

    __tablename__ = "contact_identities"

    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    scope: Mapped[str] = mapped_column(default="")
    value: Mapped[str]
    display: Mapped[str] = mapped_column(default="")  # as written by the person or the provider
    is_primary: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.Index(
            "uq_contact_identities_value", "kind", "scope", "value", unique=True, postgresql_where=sa.text("kind <> 'username'")
        ),
        sa.Index(
            "ix_contact_identities_value_trigram", "value", postgresql_using="gin", postgresql_ops={"value": "gin_trgm_ops"}
        ),
        sa.CheckConstraint("kind IN ('email', 'phone', 'wa_id', 'bsuid', 'parent_bsuid', 'username')", name="kind"),
        sa.CheckConstraint("value <> ''", name="value_not_empty"),
    )
