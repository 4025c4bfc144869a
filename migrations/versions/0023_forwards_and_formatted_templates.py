"""A draft of a forward, templates with formatting, and what the undo of a macro gives back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    """Every draft fits already: the rows are looked at without a lock that keeps writers out."""
    op.execute("ALTER TABLE drafts DROP CONSTRAINT ck_drafts_kind")
    op.execute("ALTER TABLE drafts ADD CONSTRAINT ck_drafts_kind CHECK (kind IN ('reply', 'note', 'call', 'forward')) NOT VALID")
    op.execute("ALTER TABLE drafts VALIDATE CONSTRAINT ck_drafts_kind")
    op.add_column("macro_runs", sa.Column("former", postgresql.JSONB(), nullable=True))
    op.add_column("macro_runs", sa.Column("latter", postgresql.JSONB(), nullable=True))
    op.add_column("macro_runs", sa.Column("message_id", sa.Uuid(), nullable=True))
    op.add_column("macro_runs", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reply_templates", sa.Column("html", sa.Text(), nullable=False, server_default=""))
