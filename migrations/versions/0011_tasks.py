"""Tasks of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
TIME = sa.DateTime(timezone=True)
OPEN = sa.text("status IN ('open', 'in_progress', 'waiting')")
TYPES = (
    "follow_up",
    "callback",
    "send_email",
    "schedule_visit",
    "escalate",
    "research",
    "documentation",
    "approval_request",
    "other",
)
PRIORITIES = ("low", "normal", "high", "urgent", "critical")
STATUSES = ("open", "in_progress", "waiting", "completed", "cancelled")
RECURRENCES = ("daily", "weekly", "monthly")


def _enum(name: str, values: tuple[str, ...]) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)


def _key(column: str, target: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_tasks_{column}"), ondelete=ondelete)


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("task_type", _enum("task_type", TYPES), nullable=False),
        sa.Column("priority", _enum("priority", PRIORITIES), nullable=False),
        sa.Column("status", _enum("status", STATUSES), nullable=False),
        sa.Column("assignee_user_id", sa.Uuid(), nullable=True),
        sa.Column("created_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("due_date", sa.Date(), nullable=True),
        sa.Column("due_time", sa.Time(), nullable=True),
        sa.Column("due_at", TIME, nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("reminder_minutes", sa.Integer(), nullable=True),
        sa.Column("remind_at", TIME, nullable=True),
        sa.Column("reminded_at", TIME, nullable=True),
        sa.Column("recurrence", _enum("recurrence", RECURRENCES), nullable=True),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("completion_notes", sa.Text(), nullable=False),
        sa.Column("completed_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        _key("brand_id", "brands"),
        _key("thread_id", "threads", "SET NULL"),
        _key("assignee_user_id", "users", "SET NULL"),
        _key("created_by_user_id", "users", "SET NULL"),
        _key("follows_id", "tasks", "SET NULL"),
        sa.UniqueConstraint("follows_id", name=op.f("uq_tasks_follows_id")),
        sa.CheckConstraint("(due_date IS NULL) = (due_at IS NULL)", name=op.f("ck_tasks_due")),
        sa.CheckConstraint("due_time IS NULL OR due_date IS NOT NULL", name=op.f("ck_tasks_due_time")),
        sa.CheckConstraint("(status = 'completed') = (completed_at IS NOT NULL)", name=op.f("ck_tasks_completed")),
        sa.CheckConstraint("recurrence IS NULL OR due_date IS NOT NULL", name=op.f("ck_tasks_recurring_is_due")),
        sa.CheckConstraint("remind_at IS NULL OR due_date IS NOT NULL", name=op.f("ck_tasks_reminder_is_due")),
        sa.CheckConstraint("title <> ''", name=op.f("ck_tasks_title")),
    )
    op.create_index("ix_tasks_open", "tasks", ["brand_id", "due_at", "id"], postgresql_where=OPEN)
    op.create_index("ix_tasks_open_assignee", "tasks", ["assignee_user_id", "due_at", "id"], postgresql_where=OPEN)
    op.create_index("ix_tasks_thread", "tasks", ["thread_id"], postgresql_where=sa.text("thread_id IS NOT NULL"))
    op.create_index("ix_tasks_newest", "tasks", ["brand_id", "id"])
    op.create_index("ix_tasks_day", "tasks", ["brand_id", "due_date"])
    waiting = sa.text("remind_at IS NOT NULL AND reminded_at IS NULL")
    op.create_index("ix_tasks_remind", "tasks", ["remind_at"], postgresql_where=waiting)
