"""Spam: threads marked as such with what they were before, and senders whose messages go there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0019"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("threads", sa.Column("spam_at", TIME, nullable=True))
    op.add_column("threads", sa.Column("spam_former", postgresql.JSONB(), nullable=True))
    # Every row fits: they are looked at without a lock that keeps writers out.
    rule = "CHECK (spam_at IS NULL OR (status = 'closed' AND spam_former IS NOT NULL))"
    op.execute(f"ALTER TABLE threads ADD CONSTRAINT ck_threads_spam_is_closed {rule} NOT VALID")
    op.execute("ALTER TABLE threads VALIDATE CONSTRAINT ck_threads_spam_is_closed")
    newest = ["brand_id", sa.text("last_message_at DESC"), sa.text("id DESC")]
    op.create_index("ix_threads_spam", "threads", newest, postgresql_where=sa.text("spam_at IS NOT NULL"))
    op.create_table(
        "blocked_senders",
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("blocked_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("blocked_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("brand_id", "kind", "scope", "value", name=op.f("pk_blocked_senders")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], ondelete="CASCADE", name=op.f("fk_blocked_senders_brand_id")),
        sa.ForeignKeyConstraint(
            ["blocked_by_user_id"], ["users.id"], ondelete="SET NULL", name=op.f("fk_blocked_senders_blocked_by_user_id")
        ),
    )
    op.create_index("ix_blocked_senders_value", "blocked_senders", ["kind", "scope", "value"])
