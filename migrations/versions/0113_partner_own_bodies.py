"""Which field of a partner's own bodies is which of ours."""

from __future__ import annotations

from alembic import op

revision = "0113"
down_revision = "0112"


def upgrade() -> None:
    op.execute("ALTER TABLE partners ADD COLUMN body_mapping jsonb NOT NULL DEFAULT '[]'")
