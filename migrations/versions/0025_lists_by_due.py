"""Lists in the order of when an answer is due, and notifications of escalations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
DUE = "coalesce(response_due_at, '9999-12-31 00:00:00+00'::timestamptz)"
IN_INBOX = "is_open AND snoozed_until IS NULL"
KINDS = ("mention", "assignment", "message", "held", "team", "escalation")


def upgrade() -> None:
    """No thread has a due time yet: the side table of tags begins without any, too."""
    _keep_due_of_tags()
    for name, columns, where in (
        ("ix_threads_due", ["brand_id"], IN_INBOX),
        ("ix_threads_due_assignee", ["assignee_user_id", "brand_id"], IN_INBOX),
        ("ix_threads_due_unassigned", ["brand_id"], f"{IN_INBOX} AND assignee_user_id IS NULL"),
        ("ix_threads_due_team", ["team_id", "brand_id"], f"{IN_INBOX} AND team_id IS NOT NULL"),
        ("ix_threads_due_all", ["brand_id"], None),
    ):
        _create(name, "threads", [*columns, *map(sa.text, (DUE, "last_message_at", "id"))], where)
    by_due = ["brand_id", "tag", *map(sa.text, (DUE, "last_message_at", "thread_id"))]
    _create("ix_thread_tags_due", "thread_tags", by_due, "in_inbox")
    _create("ix_thread_tags_due_all", "thread_tags", by_due, None)
    _widen("saved_views", "list_sort", "sort", ("newest", "oldest", "priority", "due"))
    for table in ("notifications", "notification_mutes"):
        _widen(table, "kind", "kind", KINDS)


def _create(name: str, table: str, columns: list[object], where: str | None) -> None:
    op.create_index(name, table, columns, postgresql_where=sa.text(where) if where else None)


def _widen(table: str, constraint: str, column: str, values: tuple[str, ...]) -> None:
    """Every row fits already: they are looked at without a lock that keeps writers out."""
    words = ", ".join(f"'{value}'" for value in values)
    op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
    op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} CHECK ({column} IN ({words})) NOT VALID")
    op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def _keep_due_of_tags() -> None:
    op.add_column("thread_tags", sa.Column("response_due_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        """
        CREATE OR REPLACE FUNCTION keep_thread_tags() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' THEN
                DELETE FROM thread_tags WHERE thread_id = NEW.id AND NOT tag = ANY (NEW.tags);
            END IF;
            INSERT INTO thread_tags (thread_id, tag, brand_id, last_message_at, in_inbox, priority_rank, response_due_at)
            SELECT DISTINCT NEW.id, t, NEW.brand_id, NEW.last_message_at, NEW.is_open AND NEW.snoozed_until IS NULL,
                NEW.priority_rank, NEW.response_due_at
            FROM unnest(NEW.tags) t
            ON CONFLICT (thread_id, tag) DO UPDATE SET
                brand_id = excluded.brand_id, last_message_at = excluded.last_message_at, in_inbox = excluded.in_inbox,
                priority_rank = excluded.priority_rank, response_due_at = excluded.response_due_at;
            RETURN NULL;
        END $$
        """
    )
    op.execute("DROP TRIGGER keep_thread_tags_of_changed ON threads")
    op.execute(
        "CREATE TRIGGER keep_thread_tags_of_changed AFTER UPDATE ON threads FOR EACH ROW"
        " WHEN ((OLD.tags <> '{}' OR NEW.tags <> '{}') AND"
        " (OLD.tags, OLD.brand_id, OLD.last_message_at, OLD.status, OLD.snoozed_until, OLD.priority, OLD.response_due_at)"
        " IS DISTINCT FROM"
        " (NEW.tags, NEW.brand_id, NEW.last_message_at, NEW.status, NEW.snoozed_until, NEW.priority, NEW.response_due_at))"
        " EXECUTE FUNCTION keep_thread_tags()"
    )
