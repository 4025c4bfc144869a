"""Until when a provider asked not to be polled, apart from the lease of whoever polls."""

from __future__ import annotations

from alembic import op

revision = "0056"
down_revision = "0055"


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN poll_rests_until timestamptz")
