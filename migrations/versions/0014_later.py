"""Replies for later: tell their writer when one is held; template uses found by message; drafts of calls."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
KINDS = "'mention', 'assignment', 'message', 'held'"


def upgrade() -> None:
    for table in ("notifications", "notification_mutes"):
        _allow(table, "kind", f"kind IN ({KINDS})")
    _allow("drafts", op.f("ck_drafts_kind"), "kind IN ('reply', 'note', 'call')")
    used = sa.text("message_id IS NOT NULL")
    op.create_index("ix_reply_template_uses_message", "reply_template_uses", ["message_id"], postgresql_where=used)


def _allow(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(name), table)
    op.create_check_constraint(op.f(name), table, condition)
