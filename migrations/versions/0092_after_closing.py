"""What opens after a thread was closed, as its reader chose."""

from __future__ import annotations

from alembic import op

revision = "0092"
down_revision = "0091"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD COLUMN after_closing text NOT NULL DEFAULT 'next'"
        " CONSTRAINT ck_users_after_closing CHECK (after_closing IN ('next', 'list'))"
    )
