"""Replies that wait: time to take one back, replies for later, what a draft is addressed to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("users", sa.Column("undo_send_seconds", sa.Integer(), nullable=False, server_default="10"))
    op.create_check_constraint(op.f("ck_users_undo_send_seconds"), "users", "undo_send_seconds IN (0, 5, 10, 20)")
    op.add_column("drafts", sa.Column("options", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.create_table(
        "taken_back_messages",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("client_token", sa.Uuid(), nullable=True),
        sa.Column("taken_back_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_taken_back_messages")),
        *(_belongs("taken_back_messages", column, to) for column, to in (("thread_id", "threads"), ("user_id", "users"))),
    )
    op.create_index("ix_taken_back_messages_thread_id", "taken_back_messages", ["thread_id"])
    op.create_index("ix_taken_back_messages_token", "taken_back_messages", ["user_id", "client_token"])
    _create_scheduled_replies()


def _belongs(table: str, column: str, to: str, gone: str | None = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=gone)


def _create_scheduled_replies() -> None:
    table = "scheduled_replies"
    op.create_table(
        table,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("reply", postgresql.JSONB(), nullable=False),
        sa.Column("hold_if_newer", sa.Boolean(), nullable=False),
        sa.Column("last_seen_message_id", sa.Uuid(), nullable=True),
        sa.Column("client_token", sa.Uuid(), nullable=True),
        sa.Column("held_because", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("hinted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        _belongs(table, "thread_id", "threads"),
        _belongs(table, "channel_id", "channels", None),
        _belongs(table, "user_id", "users"),
        sa.CheckConstraint(
            "state IN ('ready', 'running', 'held', 'done', 'failed', 'cancelled')", name=op.f(f"ck_{table}_state")
        ),
        sa.CheckConstraint("(state = 'held') = (held_because IS NOT NULL)", name=op.f(f"ck_{table}_held_says_why")),
    )
    due, waiting = "state IN ('ready', 'running')", "state IN ('ready', 'running', 'held')"
    op.create_index("ix_scheduled_replies_due", table, ["run_at"], postgresql_where=sa.text(due))
    op.create_index("ix_scheduled_replies_waiting", table, ["thread_id"], postgresql_where=sa.text(waiting))
    op.create_index(
        "uq_scheduled_replies_client_token",
        table,
        ["user_id", "client_token"],
        unique=True,
        postgresql_where=sa.text("client_token IS NOT NULL"),
    )
