"""Saved views of the list of orders."""

from __future__ import annotations

from alembic import op

revision = "0083"
down_revision = "0082"

STATEMENTS = (
    """
    CREATE TABLE order_views (
        id uuid CONSTRAINT pk_order_views PRIMARY KEY,
        name text NOT NULL CONSTRAINT ck_order_views_name CHECK (name <> ''),
        owner_user_id uuid NOT NULL CONSTRAINT fk_order_views_owner_user_id REFERENCES users ON DELETE CASCADE,
        is_shared boolean NOT NULL DEFAULT false,
        filters jsonb NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_order_views_owner_user_id ON order_views (owner_user_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
