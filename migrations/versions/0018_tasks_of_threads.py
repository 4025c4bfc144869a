"""Tasks that replies promised, tasks a thread or another task waits for; news for a team."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
KINDS = "'mention', 'assignment', 'message', 'held', 'team'"


def upgrade() -> None:
    op.add_column("brands", sa.Column("tasks_of_promises", sa.Boolean(), nullable=False, server_default=sa.true()))
    # Not "": a thread that was kept as JSON before this column is put back without a value for it.
    op.add_column("threads", sa.Column("waiting_for", sa.Text(), nullable=True))
    op.add_column("tasks", sa.Column("promised_in_message_id", sa.Uuid(), nullable=True))
    op.add_column("tasks", sa.Column("waiting_for", sa.Text(), nullable=False, server_default=""))
    op.add_column("tasks", sa.Column("depends_on_id", sa.Uuid(), nullable=True))
    for column, table in (("promised_in_message_id", "messages"), ("depends_on_id", "tasks")):
        op.create_foreign_key(op.f(f"fk_tasks_{column}"), "tasks", table, [column], ["id"], ondelete="SET NULL")
    op.create_unique_constraint(op.f("uq_tasks_promised_in_message_id"), "tasks", ["promised_in_message_id"])
    for table in ("notifications", "notification_mutes"):
        op.drop_constraint(op.f("kind"), table)
        op.create_check_constraint(op.f("kind"), table, f"kind IN ({KINDS})")
    given = sa.text("depends_on_id IS NOT NULL")
    op.create_index("ix_tasks_depends_on", "tasks", ["depends_on_id"], postgresql_where=given)
    op.create_check_constraint(op.f("ck_tasks_waiting_for"), "tasks", "length(waiting_for) <= 60")
    op.create_check_constraint(op.f("ck_tasks_depends_on"), "tasks", "depends_on_id <> id")
