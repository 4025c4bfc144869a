"""Threads with a message of ours that did not arrive, and the notice of it."""

from __future__ import annotations

from alembic import op

revision = "0064"
down_revision = "0063"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'escalation', 'channel', "
    "'order_urgent', 'technician_absent', 'rule', 'system_error'"
)


def upgrade() -> None:
    op.execute("ALTER TABLE threads ADD COLUMN unsent_medium text")
    op.execute(
        "CREATE INDEX ix_threads_unsent ON threads (brand_id, last_message_at DESC, id DESC) WHERE unsent_medium IS NOT NULL"
    )
    for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind")):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))")
