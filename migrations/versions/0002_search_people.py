"""Trigrams on the short columns people search by parts of: names, addresses and numbers, subjects."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

INDEXES = (
    ("ix_contacts_name_trigram", "contacts", "name"),
    ("ix_contact_identities_value_trigram", "contact_identities", "value"),
    ("ix_threads_subject_trigram", "threads", "subject"),
)


def upgrade() -> None:
    for name, table, column in INDEXES:
        op.create_index(name, table, [column], postgresql_using="gin", postgresql_ops={column: "gin_trgm_ops"})
