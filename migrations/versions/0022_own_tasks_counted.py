"""The index of somebody's open tasks knows their brands, so that counting them reads nothing else."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
NAME = "ix_tasks_open_assignee"
COLUMNS = ["assignee_user_id", "due_at", "id"]
OPEN = sa.text("status IN ('open', 'in_progress', 'waiting')")


def upgrade() -> None:
    op.drop_index(NAME, "tasks")
    op.create_index(NAME, "tasks", COLUMNS, postgresql_include=["brand_id"], postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_index(NAME, "tasks")
    op.create_index(NAME, "tasks", COLUMNS, postgresql_where=OPEN)
