"""A channel can be paused: it receives and does not send. And what went out over a channel last is found by an index."""

from __future__ import annotations

from alembic import op

revision = "0040"
down_revision = "0039"

STATEMENTS = (
    "ALTER TABLE channels ADD COLUMN paused_at timestamptz",
    "CREATE INDEX ix_deliveries_channel_newest ON deliveries (channel_id, created_at DESC)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
