"""Lists by priority, saved views, dense lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
TIME = sa.DateTime(timezone=True)
IN_INBOX = "is_open AND snoozed_until IS NULL"
RANK = "CASE priority WHEN 'critical' THEN 4 WHEN 'urgent' THEN 3 WHEN 'high' THEN 2 WHEN 'normal' THEN 1 ELSE 0 END"
FIRST = (sa.text("priority_rank DESC"), sa.text("last_message_at DESC"), sa.text("id DESC"))


def upgrade() -> None:
    _rank_threads()
    _rank_tags()
    _create_saved_views()
    op.add_column("users", sa.Column("density", sa.Text(), nullable=False, server_default="comfortable"))
    op.create_check_constraint(op.f("ck_users_density"), "users", "density IN ('comfortable', 'compact')")


def _rank_threads() -> None:
    op.add_column("threads", sa.Column("priority_rank", sa.SmallInteger(), sa.Computed(RANK, persisted=True), nullable=False))
    for name, columns, where in (
        ("ix_threads_rank", ["brand_id"], IN_INBOX),
        ("ix_threads_rank_assignee", ["assignee_user_id", "brand_id"], IN_INBOX),
        ("ix_threads_rank_unassigned", ["brand_id"], f"{IN_INBOX} AND assignee_user_id IS NULL"),
    ):
        op.create_index(name, "threads", [*columns, *FIRST], postgresql_where=sa.text(where))
    op.create_index("ix_threads_rank_all", "threads", ["brand_id", *FIRST])


def _rank_tags() -> None:
    """A tag's threads keep their priority beside the time, so that they are one scan by priority, too."""
    op.add_column("thread_tags", sa.Column("priority_rank", sa.SmallInteger(), nullable=False, server_default="1"))
    op.execute("UPDATE thread_tags g SET priority_rank = t.priority_rank FROM threads t WHERE t.id = g.thread_id")
    op.execute(
        """
        CREATE OR REPLACE FUNCTION keep_thread_tags() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                DELETE FROM thread_tags WHERE thread_id = NEW.id AND NOT tag = ANY (NEW.tags);
            END IF;
            INSERT INTO thread_tags (thread_id, tag, brand_id, last_message_at, in_inbox, priority_rank)
            SELECT DISTINCT NEW.id, t, NEW.brand_id, NEW.last_message_at, NEW.is_open AND NEW.snoozed_until IS NULL,
                NEW.priority_rank
            FROM unnest(NEW.tags) t
            ON CONFLICT (thread_id, tag) DO UPDATE SET
                brand_id = excluded.brand_id, last_message_at = excluded.last_message_at, in_inbox = excluded.in_inbox,
                priority_rank = excluded.priority_rank;
            RETURN NULL;
        END $$
        """
    )
    op.execute("DROP TRIGGER keep_thread_tags_of_changed ON threads")
    op.execute(
        "CREATE TRIGGER keep_thread_tags_of_changed AFTER UPDATE ON threads FOR EACH ROW"
        " WHEN ((OLD.tags <> '{}' OR NEW.tags <> '{}') AND"
        " (OLD.tags, OLD.brand_id, OLD.last_message_at, OLD.status, OLD.snoozed_until, OLD.priority)"
        " IS DISTINCT FROM (NEW.tags, NEW.brand_id, NEW.last_message_at, NEW.status, NEW.snoozed_until, NEW.priority))"
        " EXECUTE FUNCTION keep_thread_tags()"
    )
    first = (sa.text("priority_rank DESC"), sa.text("last_message_at DESC"), sa.text("thread_id DESC"))
    op.create_index("ix_thread_tags_rank", "thread_tags", ["brand_id", "tag", *first], postgresql_where=sa.text("in_inbox"))
    op.create_index("ix_thread_tags_rank_all", "thread_tags", ["brand_id", "tag", *first])


def _create_saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner_user_id", sa.Uuid(), nullable=False),
        sa.Column("scope", _enum("view_scope", "private", "team", "everyone"), nullable=False),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("filters", postgresql.JSONB(), nullable=False),
        sa.Column("sort", _enum("list_sort", "newest", "oldest", "priority"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.ForeignKeyConstraint(["owner_user_id"], ["users.id"], name=op.f("fk_saved_views_owner_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_saved_views_team_id"), ondelete="CASCADE"),
        sa.CheckConstraint("(scope = 'team') = (team_id IS NOT NULL)", name=op.f("ck_saved_views_team")),
        sa.CheckConstraint("name <> ''", name=op.f("ck_saved_views_name")),
    )
    op.create_index("ix_saved_views_owner_user_id", "saved_views", ["owner_user_id"])
    op.create_index("ix_saved_views_team_id", "saved_views", ["team_id"])
    op.create_index("ix_saved_views_everyone", "saved_views", ["position"], postgresql_where=sa.text("scope = 'everyone'"))


def _enum(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=40)
