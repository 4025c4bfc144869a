"""The inbox of one medium, channel account or type is read in each order of a list, however little is in it."""

from __future__ import annotations

from alembic import op

revision = "0116"
down_revision = "0115"

DUE = "coalesce(response_due_at, '9999-12-31 00:00:00+00'::timestamptz), last_message_at, id"
RANK = "priority_rank DESC, last_message_at DESC, id DESC"
INDEXES = {
    "ix_threads_rank_medium": f"brand_id, medium, {RANK}",
    "ix_threads_rank_channel": f"channel_id, brand_id, {RANK}",
    "ix_threads_rank_type": f"brand_id, thread_type, {RANK}",
    "ix_threads_due_medium": f"brand_id, medium, {DUE}",
    "ix_threads_due_channel": f"channel_id, brand_id, {DUE}",
}


def upgrade() -> None:
    for name, columns in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON threads ({columns}) WHERE is_open AND snoozed_until IS NULL")
