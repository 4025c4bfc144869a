"""Tables of contacts (people and organizations), their identities, addresses, consents and merges."""

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
    """A person or an organization. `name_source`: "user" if a user typed the name, or "provider" if a provider supplied it.

    `merged_into_id`: the contact into which this contact was merged. The other contact then has all the data, and this one
    is not shown.
    """

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
    merged_into_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("contacts.id"))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        sa.Index("ix_contacts_by_name", sa.text("lower(name)"), "id", postgresql_where=sa.text("merged_into_id IS NULL")),
        sa.Index("ix_contacts_parent", "parent_organization_id", postgresql_where=sa.text("parent_organization_id IS NOT NULL")),
        sa.Index("ix_contacts_merged", "merged_into_id", postgresql_where=sa.text("merged_into_id IS NOT NULL")),
        sa.Index("ix_contacts_address_trigram", "address", postgresql_using="gin", postgresql_ops={"address": "gin_trgm_ops"}),
        sa.Index("ix_contacts_created", "created_at", "id"),
        sa.Index("ix_contacts_name_trigram", "name", postgresql_using="gin", postgresql_ops={"name": "gin_trgm_ops"}),
    )


class ContactIdentity(WithId, Base):
    """An address, number or id of a contact. `value` is normalised for matching: email in lower case, phone E.164, wa_id
    digits.

    Unique over (kind, scope, value), so that an identity belongs to one contact only. `username` values are only shown and
    need not be unique. `former_since`: since when the contact no longer uses it. A message from it still finds the contact,
    but nothing is sent to it.
    """

    __tablename__ = "contact_identities"

    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    scope: Mapped[str] = mapped_column(default="")
    value: Mapped[str]
    display: Mapped[str] = mapped_column(default="")  # as written by the person or the provider
    is_primary: Mapped[bool] = mapped_column(default=False)
    former_since: Mapped[datetime | None]
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


class ContactAddress(WithId, Base):
    """A further postal address of a contact as somebody typed it; the main address is `Contact.address`. `label` says what this
    address is for."""

    __tablename__ = "contact_addresses"

    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(default="")
    address: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("address <> ''", name="address"),
        sa.Index("ix_contact_addresses_trigram", "address", postgresql_using="gin", postgresql_ops={"address": "gin_trgm_ops"}),
    )


class ConsentPurpose(StrEnum):
    MARKETING_EMAIL = "marketing_email"
    MARKETING_WHATSAPP = "marketing_whatsapp"
    SURVEY = "survey"
    SHARE_WITH_PARTNERS = "share_with_partners"
    VISIT_REMINDER = "visit_reminder"
    ORDER_UPDATES = "order_updates"


class ContactConsent(Base):
    """A contact's latest answer about one use of their data. `basis` says where the answer was given. If there is no row, the
    contact was never asked."""

    __tablename__ = "contact_consents"

    contact_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"), primary_key=True)
    purpose: Mapped[ConsentPurpose] = mapped_column(text_enum(ConsentPurpose, "purpose"), primary_key=True)
    is_given: Mapped[bool]
    basis: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]
    changed_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))


class ContactMerge(WithId, Base):
    """A merge of two contacts. `moved` lists by table the ids of moved rows, and the changes of the kept contact:

    {"identities": [id], "threads": [id], "partner_threads": [id], "messages": [id], "addresses": [id], "children": [id],
    "primary": [id], "fields": {name: [before, after]}, "consents": {purpose: {"was": before | null, "at": time}}}
    """

    __tablename__ = "contact_merges"

    kept_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"), index=True)
    merged_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("contacts.id", ondelete="CASCADE"))
    moved: Mapped[dict[str, Any]]
    merged_at: Mapped[datetime]
    merged_by_user_id: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("users.id", ondelete="SET NULL"))
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("uq_contact_merges_standing", "merged_id", unique=True, postgresql_where=sa.text("undone_at IS NULL")),
        sa.CheckConstraint("kept_id <> merged_id", name="two"),
    )
