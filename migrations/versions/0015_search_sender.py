"""Who wrote, for the search operator `from:`."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_index(
        "ix_messages_sender",
        "messages",
        ["sender_contact_id", "thread_id"],
        postgresql_where=sa.text("sender_contact_id IS NOT NULL"),
    )
