"""When a task is due that nobody gave a date, by its priority; empty: it is not due."""

from __future__ import annotations

from alembic import op

revision = "0104"
down_revision = "0103"

STATEMENTS = (
    """
    CREATE TABLE task_due_times (
        priority varchar(40) NOT NULL CONSTRAINT pk_task_due_times PRIMARY KEY CONSTRAINT ck_task_due_times_priority
            CHECK (priority IN ('low', 'normal', 'high', 'urgent', 'critical')),
        minutes integer NOT NULL CONSTRAINT ck_task_due_times_minutes CHECK (minutes > 0)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
