"""Records of phone calls, and internal tickets: two more kinds of what there is, a draft for a call, the thread of a ticket."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"

MESSAGE_TYPES = ("incoming", "outgoing", "internal_note", "system_notification", "auto_response", "phone_call")
THREAD_TYPES = (
    "customer_support",
    "partner_inquiry",
    "installation_coordination",
    "technical_issue",
    "sales_inquiry",
    "complaint",
    "internal_task",
    "project_discussion",
    "internal_ticket",
)


def upgrade() -> None:
    _widen("messages", "message_type", MESSAGE_TYPES, name="message_type")
    _widen("threads", "thread_type", THREAD_TYPES, name="thread_type")
    _widen("drafts", "kind", ("reply", "note", "call"), name="ck_drafts_kind")
    op.add_column("threads", sa.Column("about_thread_id", sa.Uuid(), nullable=True))
    about = sa.text("about_thread_id IS NOT NULL")
    op.create_index("ix_threads_about", "threads", ["about_thread_id"], postgresql_where=about)


def _widen(table: str, column: str, values: tuple[str, ...], *, name: str) -> None:
    """Allow more values. Every row fits already: the rows are looked at without a lock that keeps writers out."""
    allowed = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IN ({allowed})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")
