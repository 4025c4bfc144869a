"""Templates that technicians have at hand at a visit."""

from __future__ import annotations

from alembic import op

revision = "0095"
down_revision = "0094"


def upgrade() -> None:
    op.execute("ALTER TABLE reply_templates ADD COLUMN for_visits boolean NOT NULL DEFAULT false")
    op.execute("CREATE INDEX ix_reply_templates_visits ON reply_templates (id) WHERE for_visits AND archived_at IS NULL")
