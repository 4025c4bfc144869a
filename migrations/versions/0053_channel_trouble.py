"""Since when administrators know that a channel does not work."""

from __future__ import annotations

from alembic import op

revision = "0053"
down_revision = "0052"


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN trouble_since timestamptz")
