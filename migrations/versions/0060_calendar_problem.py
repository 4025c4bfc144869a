"""Why the calendar of a mailbox is not read, for its page."""

from __future__ import annotations

from alembic import op

revision = "0060"
down_revision = "0059"


def upgrade() -> None:
    op.execute("ALTER TABLE channels ADD COLUMN calendar_problem text NOT NULL DEFAULT ''")
