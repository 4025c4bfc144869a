"""Tags that lists can filter by, snoozed threads out of the open views, bulk actions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
TIME = sa.DateTime(timezone=True)
IN_INBOX = "is_open AND snoozed_until IS NULL"
NEWEST = (sa.text("last_message_at DESC"), sa.text("id DESC"))
OF_TAG = ("brand_id", "tag", sa.text("last_message_at DESC"), sa.text("thread_id DESC"))


def upgrade() -> None:
    _let_open_views_leave_out_snoozed_threads()
    _create_thread_tags()
    _keep_thread_tags()
    _create_bulk_actions()


def _let_open_views_leave_out_snoozed_threads() -> None:
    op.execute("UPDATE threads SET snoozed_until = NULL WHERE snoozed_until IS NOT NULL AND status IN ('resolved', 'closed')")
    op.create_check_constraint(
        op.f("ck_threads_snoozed_is_open"), "threads", "snoozed_until IS NULL OR status NOT IN ('resolved', 'closed')"
    )
    for name, columns, where in (
        ("ix_threads_open", ("brand_id",), IN_INBOX),
        ("ix_threads_open_medium", ("brand_id", "medium"), IN_INBOX),
        ("ix_threads_open_assignee", ("assignee_user_id", "brand_id"), IN_INBOX),
        ("ix_threads_open_unassigned", ("brand_id",), f"{IN_INBOX} AND assignee_user_id IS NULL"),
    ):
        op.drop_index(name, "threads")
        op.create_index(name, "threads", [*columns, *NEWEST], postgresql_where=sa.text(where))
    snoozed = sa.text("snoozed_until IS NOT NULL")
    op.create_index("ix_threads_snoozed", "threads", ["brand_id", *NEWEST], postgresql_where=snoozed)
    op.create_index("ix_threads_snooze_due", "threads", ["snoozed_until"], postgresql_where=snoozed)


def _create_thread_tags() -> None:
    op.create_table(
        "thread_tags",
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("brand_id", sa.Uuid(), nullable=False),
        sa.Column("last_message_at", TIME, nullable=False),
        sa.Column("in_inbox", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("thread_id", "tag", name=op.f("pk_thread_tags")),
        sa.ForeignKeyConstraint(["thread_id"], ["threads.id"], name=op.f("fk_thread_tags_thread_id"), ondelete="CASCADE"),
    )
    op.execute(
        f"INSERT INTO thread_tags SELECT DISTINCT id, tag, brand_id, last_message_at, {IN_INBOX} FROM threads, unnest(tags) tag"
    )
    op.create_index("ix_thread_tags_inbox", "thread_tags", [*OF_TAG], postgresql_where=sa.text("in_inbox"))
    op.create_index("ix_thread_tags_all", "thread_tags", [*OF_TAG])


def _keep_thread_tags() -> None:
    """A trigger, because threads are written in many places and a missed one would lose a thread from a list."""
    op.execute(
        """
        CREATE FUNCTION keep_thread_tags() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                DELETE FROM thread_tags WHERE thread_id = NEW.id AND NOT tag = ANY (NEW.tags);
            END IF;
            INSERT INTO thread_tags (thread_id, tag, brand_id, last_message_at, in_inbox)
            SELECT DISTINCT NEW.id, t, NEW.brand_id, NEW.last_message_at, NEW.is_open AND NEW.snoozed_until IS NULL
            FROM unnest(NEW.tags) t
            ON CONFLICT (thread_id, tag) DO UPDATE SET
                brand_id = excluded.brand_id, last_message_at = excluded.last_message_at, in_inbox = excluded.in_inbox;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_thread_tags_of_new AFTER INSERT ON threads FOR EACH ROW"
        " WHEN (NEW.tags <> '{}') EXECUTE FUNCTION keep_thread_tags()"
    )
    op.execute(
        "CREATE TRIGGER keep_thread_tags_of_changed AFTER UPDATE ON threads FOR EACH ROW"
        " WHEN ((OLD.tags <> '{}' OR NEW.tags <> '{}') AND"
        " (OLD.tags, OLD.brand_id, OLD.last_message_at, OLD.status, OLD.snoozed_until)"
        " IS DISTINCT FROM (NEW.tags, NEW.brand_id, NEW.last_message_at, NEW.status, NEW.snoozed_until))"
        " EXECUTE FUNCTION keep_thread_tags()"
    )


def _create_bulk_actions() -> None:
    op.create_table(
        "bulk_actions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("change", postgresql.JSONB(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("undoes_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("ended_at", TIME, nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("run_at", TIME, nullable=False, server_default=sa.func.now()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("lease_until", TIME, nullable=True),
        sa.Column("hinted_at", TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
        sa.UniqueConstraint("undoes_id", name=op.f("uq_bulk_actions_undoes_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_bulk_actions_user_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["undoes_id"], ["bulk_actions.id"], name=op.f("fk_bulk_actions_undoes_id"), ondelete="CASCADE"),
        sa.CheckConstraint("state IN ('ready', 'running', 'done', 'failed')", name=op.f("ck_bulk_actions_state")),
    )
    op.create_index("ix_bulk_actions_user_id", "bulk_actions", ["user_id"])
    op.create_index("ix_bulk_actions_due", "bulk_actions", ["run_at"], postgresql_where=sa.text("state IN ('ready', 'running')"))
    op.create_table(
        "bulk_targets",
        sa.Column("bulk_action_id", sa.Uuid(), nullable=False),
        sa.Column("thread_id", sa.Uuid(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False, server_default="waiting"),
        sa.Column("former", postgresql.JSONB(), nullable=True),
        sa.Column("latter", postgresql.JSONB(), nullable=True),
        sa.PrimaryKeyConstraint("bulk_action_id", "thread_id", name=op.f("pk_bulk_targets")),
        sa.ForeignKeyConstraint(
            ["bulk_action_id"], ["bulk_actions.id"], name=op.f("fk_bulk_targets_bulk_action_id"), ondelete="CASCADE"
        ),
        sa.CheckConstraint("outcome IN ('waiting', 'changed', 'unchanged', 'refused')", name=op.f("ck_bulk_targets_outcome")),
    )
    op.create_index(
        "ix_bulk_targets_waiting",
        "bulk_targets",
        ["bulk_action_id", "thread_id"],
        postgresql_where=sa.text("outcome = 'waiting'"),
    )
