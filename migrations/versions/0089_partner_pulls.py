"""Up to when a partner's own API was asked, when, and what went wrong."""

from __future__ import annotations

from alembic import op

revision = "0089"
down_revision = "0088"

STATEMENTS = (
    "ALTER TABLE partners ADD COLUMN pulled_at timestamptz",
    "ALTER TABLE partners ADD COLUMN pulled_until timestamptz",
    "ALTER TABLE partners ADD COLUMN pull_lease_until timestamptz",
    "ALTER TABLE partners ADD COLUMN pull_problem text NOT NULL DEFAULT ''",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
