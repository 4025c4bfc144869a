"""Watchers, mentions, notifications, and brands where the assignee alone answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
TIME = sa.DateTime(timezone=True)
KINDS = ("mention", "assignment", "message")


def upgrade() -> None:
    op.add_column("brands", sa.Column("only_assignee_answers", sa.Boolean(), nullable=False, server_default=sa.false()))
    _create_pairs()
    _create_notifications()


def _create_pairs() -> None:
    """Users of threads and of messages."""
    for table, target, more in (
        ("thread_watchers", "thread", (sa.Column("created_at", TIME, nullable=False),)),
        ("mentions", "message", ()),
    ):
        op.create_table(
            table,
            sa.Column(f"{target}_id", sa.Uuid(), nullable=False),
            sa.Column("user_id", sa.Uuid(), nullable=False),
            *more,
            sa.PrimaryKeyConstraint(f"{target}_id", "user_id", name=op.f(f"pk_{table}")),
            _belongs(table, f"{target}_id", f"{target}s"),
            _belongs(table, "user_id", "users"),
        )
        op.create_index(f"ix_{table}_user_id", table, ["user_id"])


def _belongs(table: str, column: str, to: str, *, gone: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=gone)


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=True),
        sa.Column("actor_user_id", sa.Uuid(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("read_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        _belongs("notifications", "user_id", "users"),
        _belongs("notifications", "thread_id", "threads"),
        _belongs("notifications", "message_id", "messages", gone="SET NULL"),
        _belongs("notifications", "actor_user_id", "users", gone="SET NULL"),
    )
    unread = "read_at IS NULL"
    op.create_index("ix_notifications_newest", "notifications", ["user_id", sa.text("created_at DESC"), sa.text("id DESC")])
    op.create_index("ix_notifications_thread_id", "notifications", ["thread_id"])
    op.create_index("ix_notifications_message_id", "notifications", ["message_id"])
    op.create_index("ix_notifications_unread", "notifications", ["user_id", "thread_id"], postgresql_where=sa.text(unread))
    op.create_index(
        "uq_notifications_unread_message",
        "notifications",
        ["user_id", "thread_id"],
        unique=True,
        postgresql_where=sa.text(f"{unread} AND kind = 'message'"),
    )
    op.create_table(
        "notification_mutes",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum(*KINDS, name="kind", native_enum=False, create_constraint=True, length=40), nullable=False),
        sa.PrimaryKeyConstraint("user_id", "kind", name=op.f("pk_notification_mutes")),
        _belongs("notification_mutes", "user_id", "users"),
    )
