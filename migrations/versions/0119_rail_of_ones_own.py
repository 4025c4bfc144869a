"""People set the order of their rail, and hide channels in it."""

from __future__ import annotations

from alembic import op

revision = "0119"
down_revision = "0118"


def upgrade() -> None:
    op.execute(
        "ALTER TABLE users ADD COLUMN rail_order text[] NOT NULL DEFAULT '{}',"
        " ADD COLUMN rail_hidden text[] NOT NULL DEFAULT '{}'"
    )
