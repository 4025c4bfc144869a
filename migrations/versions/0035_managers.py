"""Who manages a team or a brand, and who is at the head of all."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"

STATEMENTS = (
    "ALTER TABLE teams ADD COLUMN manager_user_id uuid CONSTRAINT fk_teams_manager_user_id REFERENCES users ON DELETE SET NULL",
    "ALTER TABLE brands ADD COLUMN manager_user_id uuid CONSTRAINT fk_brands_manager_user_id REFERENCES users ON DELETE SET NULL",
    "ALTER TABLE users ADD COLUMN is_executive boolean NOT NULL DEFAULT false",
    "CREATE UNIQUE INDEX uq_users_executive ON users (is_executive) WHERE is_executive",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
