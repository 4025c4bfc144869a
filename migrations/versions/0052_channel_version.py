"""By which a second change of a channel is told from one that saw the first."""

from __future__ import annotations

from alembic import op

revision = "0052"
down_revision = "0051"


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN version integer NOT NULL DEFAULT 1")
