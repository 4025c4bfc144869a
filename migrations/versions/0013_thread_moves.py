"""Merges and splits that can be taken back, and deliveries that need a look."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "thread_moves",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("from_thread_id", sa.Uuid(), nullable=False),
        sa.Column("to_thread_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("moved_at", TIME, nullable=False),
        sa.Column("undo_until", TIME, nullable=False),
        sa.Column("undone_at", TIME, nullable=True),
        sa.Column("undone_by_user_id", sa.Uuid(), nullable=True),
        sa.Column("former", postgresql.JSONB(), nullable=False),
        sa.Column("latter", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_moves")),
        sa.ForeignKeyConstraint(["brand_id"], ["brands.id"], name=op.f("fk_thread_moves_brand_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_thread_moves_user_id"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["undone_by_user_id"], ["users.id"], name=op.f("fk_thread_moves_undone_by_user_id"), ondelete="SET NULL"
        ),
        sa.CheckConstraint("kind IN ('merge', 'split')", name=op.f("ck_thread_moves_kind")),
    )
    op.create_index("ix_thread_moves_batch_id", "thread_moves", ["batch_id"])
    op.create_index("ix_thread_moves_from", "thread_moves", ["from_thread_id"])
    op.create_index("ix_thread_moves_to", "thread_moves", ["to_thread_id"])
    op.create_table(
        "thread_move_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("move_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("row", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_move_items")),
        sa.ForeignKeyConstraint(["move_id"], ["thread_moves.id"], name=op.f("fk_thread_move_items_move_id"), ondelete="CASCADE"),
    )
    op.create_index("ix_thread_move_items_move", "thread_move_items", ["move_id", "kind"])
    # A thread that goes is looked for in every table that names it: by an index, or each merge would read them whole.
    for table in ("attachments", "deliveries", "drafts", "reply_template_uses", "scheduled_replies", "thread_reads"):
        op.create_index(f"ix_{table}_thread_id", table, ["thread_id"])
    op.create_index(
        "ix_deliveries_attention",
        "deliveries",
        ["channel_id", sa.text("created_at DESC"), sa.text("id DESC")],
        postgresql_where=sa.text("state <> 'done' OR status IN ('failed', 'bounced', 'expired', 'unknown')"),
    )
