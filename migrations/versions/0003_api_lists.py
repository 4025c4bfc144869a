"""Lists of the API that no other index serves: threads by creation, messages of a brand by time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INDEXES = (("ix_threads_created", "threads", "created_at"), ("ix_messages_brand", "messages", "occurred_at"))


def upgrade() -> None:
    for name, table, column in INDEXES:
        op.create_index(name, table, ["brand_id", sa.text(f"{column} DESC"), sa.text("id DESC")])
