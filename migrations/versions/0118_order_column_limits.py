"""A brand may limit how many orders stand in a column of the board."""

from __future__ import annotations

from alembic import op

revision = "0118"
down_revision = "0117"


def upgrade() -> None:
    op.execute("ALTER TABLE order_settings ADD COLUMN column_limits jsonb NOT NULL DEFAULT '{}'")
