"""Who does not want to see the first steps any more."""

from __future__ import annotations

from alembic import op

revision = "0063"
down_revision = "0062"


def upgrade() -> None:
    op.execute("ALTER TABLE users ADD COLUMN hides_first_steps boolean NOT NULL DEFAULT false")
