"""Notifications of kind `visit` are told again: the lists of kinds of 0081 and 0086 were written without it."""

from __future__ import annotations

from alembic import op

revision = "0090"
down_revision = "0089"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'escalation', 'channel', "
    "'order_urgent', 'technician_absent', 'verdict', 'new_work', 'rule', 'system_error', 'visit'"
)


def upgrade() -> None:
    for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind")):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))")
