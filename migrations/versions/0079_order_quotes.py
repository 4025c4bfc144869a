"""Quotes of orders, opened by the hash of a link's secret."""

from __future__ import annotations

from alembic import op

revision = "0079"
down_revision = "0078"

STATEMENTS = (
    """
    CREATE TABLE order_quotes (
        id uuid CONSTRAINT pk_order_quotes PRIMARY KEY,
        order_id uuid NOT NULL CONSTRAINT fk_order_quotes_order_id REFERENCES orders ON DELETE CASCADE,
        token_hash bytea NOT NULL CONSTRAINT uq_order_quotes_token_hash UNIQUE,
        language text NOT NULL,
        content jsonb NOT NULL,
        made_at timestamptz NOT NULL,
        made_by_user_id uuid CONSTRAINT fk_order_quotes_made_by_user_id REFERENCES users ON DELETE SET NULL,
        expires_at timestamptz NOT NULL,
        withdrawn_at timestamptz,
        answer text CONSTRAINT ck_order_quotes_answer CHECK (answer IN ('accepted', 'declined')),
        answered_at timestamptz,
        answered_by text NOT NULL DEFAULT '',
        answer_note text NOT NULL DEFAULT '',
        CONSTRAINT ck_order_quotes_answered CHECK ((answer IS NULL) = (answered_at IS NULL)),
        CONSTRAINT ck_order_quotes_named CHECK (answer IS NULL OR answered_by <> ''),
        CONSTRAINT ck_order_quotes_expires CHECK (expires_at > made_at)
    )
    """,
    "CREATE INDEX ix_order_quotes_order ON order_quotes (order_id, made_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
