"""Replies for later: tell their writer when one is held; template uses found by message."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
KINDS = "'mention', 'assignment', 'message', 'held'"


def upgrade() -> None:
    for table in ("notifications", "notification_mutes"):
        op.drop_constraint(op.f("kind"), table)
        op.create_check_constraint(op.f("kind"), table, f"kind IN ({KINDS})")
    used = sa.text("message_id IS NOT NULL")
    op.create_index("ix_reply_template_uses_message", "reply_template_uses", ["message_id"], postgresql_where=used)
