"""Since when a channel works in part, so that administrators are told when that lasts."""

from __future__ import annotations

from alembic import op

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN degraded_since timestamptz")
