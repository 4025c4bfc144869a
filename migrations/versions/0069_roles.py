"""Managers, technicians, and people who read only."""

from __future__ import annotations

from alembic import op

revision = "0069"
down_revision = "0068"

STATEMENTS = (
    "ALTER TABLE users DROP CONSTRAINT role",  # named so by the first migration
    "ALTER TABLE users ADD CONSTRAINT ck_users_role"
    " CHECK (role IN ('agent', 'lead', 'manager', 'technician', 'read_only', 'admin'))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
