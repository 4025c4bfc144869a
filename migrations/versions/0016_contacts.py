"""Contacts: more addresses, consents, merges with what they moved; indexes for their list and for tasks in order of making."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"

TIME = sa.DateTime(timezone=True)
PURPOSES = ("marketing_email", "marketing_whatsapp", "survey", "share_with_partners")


def upgrade() -> None:
    op.add_column("contacts", sa.Column("merged_into_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(op.f("fk_contacts_merged_into_id"), "contacts", "contacts", ["merged_into_id"], ["id"])
    _index_contacts()
    _create_addresses_and_consents()
    _create_merges()
    named = sa.text("partner_contact_id IS NOT NULL")
    op.create_index("ix_threads_partner", "threads", ["partner_contact_id"], postgresql_where=named)
    op.create_index("ix_tasks_created", "tasks", ["brand_id", "created_at", "id"])


def _index_contacts() -> None:
    shown = sa.text("merged_into_id IS NULL")
    op.create_index("ix_contacts_by_name", "contacts", [sa.text("lower(name)"), "id"], postgresql_where=shown)
    below = sa.text("parent_organization_id IS NOT NULL")
    op.create_index("ix_contacts_parent", "contacts", ["parent_organization_id"], postgresql_where=below)
    merged = sa.text("merged_into_id IS NOT NULL")
    op.create_index("ix_contacts_merged", "contacts", ["merged_into_id"], postgresql_where=merged)
    words = {"address": "gin_trgm_ops"}
    op.create_index("ix_contacts_address_trigram", "contacts", ["address"], postgresql_using="gin", postgresql_ops=words)


def _create_addresses_and_consents() -> None:
    op.create_table(
        "contact_addresses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_addresses")),
        _key("contact_addresses", "contact_id", "contacts", "CASCADE"),
        sa.CheckConstraint("address <> ''", name=op.f("ck_contact_addresses_address")),
    )
    op.create_index(op.f("ix_contact_addresses_contact_id"), "contact_addresses", ["contact_id"])
    words = {"address": "gin_trgm_ops"}
    op.create_index(
        "ix_contact_addresses_trigram", "contact_addresses", ["address"], postgresql_using="gin", postgresql_ops=words
    )
    purpose = sa.Enum(*PURPOSES, name="purpose", native_enum=False, create_constraint=True, length=40)
    op.create_table(
        "contact_consents",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", purpose, nullable=False),
        sa.Column("is_given", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("changed_at", TIME, nullable=False),
        sa.Column("changed_by_user_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("contact_id", "purpose", name=op.f("pk_contact_consents")),
        _key("contact_consents", "contact_id", "contacts", "CASCADE"),
        _key("contact_consents", "changed_by_user_id", "users", "SET NULL"),
    )


def _create_merges() -> None:
    op.create_table(
        "contact_merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("merged_id", sa.Uuid(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("merged_at", TIME, nullable=False),
        sa.Column("merged_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("undone_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_merges")),
        _key("contact_merges", "kept_id", "contacts", "CASCADE"),
        _key("contact_merges", "merged_id", "contacts", "CASCADE"),
        _key("contact_merges", "merged_by_user_id", "users", "SET NULL"),
        sa.CheckConstraint("kept_id <> merged_id", name=op.f("ck_contact_merges_two")),
    )
    op.create_index(op.f("ix_contact_merges_kept_id"), "contact_merges", ["kept_id"])
    standing = sa.text("undone_at IS NULL")
    op.create_index("uq_contact_merges_standing", "contact_merges", ["merged_id"], unique=True, postgresql_where=standing)


def _key(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)
