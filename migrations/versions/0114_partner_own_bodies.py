"""Which field of a partner's own bodies is which of ours."""

from __future__ import annotations

from alembic import op

revision = "0114"
down_revision = "0113"


def upgrade() -> None:
    op.execute("ALTER TABLE partners ADD COLUMN body_mapping jsonb NOT NULL DEFAULT '[]'")
