"""The order a task is about, and what was decided of something that was to be approved."""

from __future__ import annotations

from alembic import op

revision = "0087"
down_revision = "0086"

STATEMENTS = (
    "ALTER TABLE tasks"
    " ADD COLUMN order_id uuid CONSTRAINT fk_tasks_order_id REFERENCES orders (id) ON DELETE SET NULL,"
    " ADD COLUMN decision varchar(40) CONSTRAINT ck_tasks_decision CHECK (decision IN ('approved', 'refused'))",
    "CREATE INDEX ix_tasks_order ON tasks (order_id) WHERE order_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
