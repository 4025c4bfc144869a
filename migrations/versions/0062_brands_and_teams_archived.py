"""The languages of a brand's customers; since when a brand or a team is archived."""

from __future__ import annotations

from alembic import op

revision = "0062"
down_revision = "0061"

STATEMENTS = (
    "ALTER TABLE brands ADD COLUMN languages text[] NOT NULL DEFAULT '{nl}'"
    " CONSTRAINT ck_brands_languages CHECK (languages <@ '{nl,en,fr}' AND cardinality(languages) > 0)",
    "ALTER TABLE brands ADD COLUMN archived_at timestamptz",
    "ALTER TABLE teams ADD COLUMN archived_at timestamptz",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
