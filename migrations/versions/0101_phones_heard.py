"""When a phone last asked, how much waits on it, and since when."""

from __future__ import annotations

from alembic import op

revision = "0101"
down_revision = "0100"


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE phone_keys
            ADD COLUMN seen_at timestamptz,
            ADD COLUMN waiting integer NOT NULL DEFAULT 0,
            ADD COLUMN waiting_since timestamptz,
            ADD COLUMN told_of_since timestamptz,
            ADD CONSTRAINT ck_phone_keys_waiting CHECK (waiting >= 0 AND (waiting = 0) = (waiting_since IS NULL))
        """
    )
    op.execute("CREATE INDEX ix_phone_keys_waiting ON phone_keys (waiting_since) WHERE waiting > 0")
