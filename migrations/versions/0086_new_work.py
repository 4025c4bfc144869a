"""The notice of new work nobody has."""

from __future__ import annotations

from alembic import op

revision = "0086"
down_revision = "0085"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'escalation', 'channel', "
    "'order_urgent', 'technician_absent', 'verdict', 'new_work', 'rule', 'system_error'"
)


def upgrade() -> None:
    for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind")):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))")
    op.execute(
        "CREATE UNIQUE INDEX uq_notifications_unread_new_work ON notifications (user_id, place)"
        " WHERE read_at IS NULL AND kind = 'new_work'"
    )
