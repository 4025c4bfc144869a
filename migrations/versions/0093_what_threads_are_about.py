"""Lists of one channel account and of one type have indexes; saved views show neither unless they say so. Cards may mention."""

from __future__ import annotations

from alembic import op

revision = "0093"
down_revision = "0092"

NEWEST = "last_message_at DESC, id DESC"
IN_INBOX = "is_open AND snoozed_until IS NULL"


def upgrade() -> None:
    op.execute(f"CREATE INDEX ix_threads_open_channel ON threads (channel_id, brand_id, {NEWEST}) WHERE {IN_INBOX}")
    op.execute(f"CREATE INDEX ix_threads_open_type ON threads (brand_id, thread_type, {NEWEST}) WHERE {IN_INBOX}")
    op.execute("UPDATE saved_views SET hidden_columns = hidden_columns || '{type,channel}'")
    op.execute("ALTER TABLE teams_hooks ADD COLUMN mentions_assignee boolean NOT NULL DEFAULT false")
