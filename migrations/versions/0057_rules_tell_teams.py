"""A rule or macro may tell a team by a card."""

from __future__ import annotations

from alembic import op

revision = "0057"
down_revision = "0056"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'team', 'escalation', 'channel', "
    "'order_urgent', 'technician_absent', 'system_error', 'rule'"
)


def upgrade() -> None:
    for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind")):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))")
