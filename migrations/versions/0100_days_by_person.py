"""Days are summed up by person, too: each that is summed up already is done again."""

from __future__ import annotations

from alembic import op

revision = "0100"
down_revision = "0099"


def upgrade() -> None:
    op.execute("DELETE FROM report_seals")
