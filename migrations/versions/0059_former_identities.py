"""Since when a number or id of a contact is not theirs any more, so that nothing is sent to it."""

from __future__ import annotations

from alembic import op

revision = "0059"
down_revision = "0058"


def upgrade() -> None:
    op.execute("ALTER TABLE contact_identities ADD COLUMN former_since timestamptz")
