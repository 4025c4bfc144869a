"""Macros, and which were run lately."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0021"
down_revision = "0020"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "macros",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=True),
        sa.Column("steps", postgresql.JSONB(), nullable=False),
        sa.Column("created_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_macros")),
        _key("macros", "brand_id", "brands", "CASCADE"),
        _key("macros", "created_by_user_id", "users", "SET NULL"),
        sa.CheckConstraint("name <> ''", name=op.f("ck_macros_name")),
    )
    op.create_index("ix_macros_brand_id", "macros", ["brand_id"])
    op.create_table(
        "macro_runs",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("token", sa.Uuid(), nullable=False),
        sa.Column("macro_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("run_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "token", name=op.f("pk_macro_runs")),
        _key("macro_runs", "user_id", "users", "CASCADE"),
    )


def _key(table: str, column: str, target: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"), ondelete=ondelete)
