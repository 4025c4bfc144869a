"""Lists of one type of thread are read in their order: due first in the inbox, the newest of each status in the search."""

from __future__ import annotations

from alembic import op

revision = "0113"
down_revision = "0112"

STATEMENTS = (
    """
    CREATE INDEX ix_threads_due_type ON threads
        (brand_id, thread_type, coalesce(response_due_at, '9999-12-31 00:00:00+00'::timestamptz), last_message_at, id)
        WHERE is_open AND snoozed_until IS NULL
    """,
    "CREATE INDEX ix_threads_type_status ON threads (brand_id, thread_type, status, last_message_at DESC, id DESC)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
