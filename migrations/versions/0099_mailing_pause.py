"""A mailing is paused, goes on, or is stopped by a person."""

from __future__ import annotations

from alembic import op

revision = "0099"
down_revision = "0098"

STATEMENTS = (
    "ALTER TABLE mailings ADD COLUMN paused_at timestamptz, ADD COLUMN stopped_at timestamptz",
    "ALTER TABLE mailing_recipients DROP CONSTRAINT ck_mailing_recipients_outcome",
    "ALTER TABLE mailing_recipients ADD CONSTRAINT ck_mailing_recipients_outcome"
    " CHECK (outcome IN ('queued', 'stopped', 'no_consent', 'failed', 'cancelled'))",
    "CREATE INDEX ix_mailings_brand_id_created_at ON mailings (brand_id, created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
