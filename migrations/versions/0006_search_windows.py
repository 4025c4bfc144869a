"""Let a search behind the newest messages narrow a word's hits to a span of time at almost no cost."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_index(
        "ix_messages_span", "messages", ["occurred_at"], postgresql_using="brin", postgresql_with={"pages_per_range": "32"}
    )
