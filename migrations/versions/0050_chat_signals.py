"""What is told a chat's provider beside messages: that one was read, that somebody types, a reaction."""

from __future__ import annotations

from alembic import op

revision = "0050"
down_revision = "0049"

STATEMENTS = (
    """
    CREATE TABLE chat_signals (
        id uuid CONSTRAINT pk_chat_signals PRIMARY KEY,
        kind text NOT NULL CONSTRAINT ck_chat_signals_kind CHECK (kind IN ('read', 'typing', 'reaction')),
        channel_id uuid NOT NULL CONSTRAINT fk_chat_signals_channel_id REFERENCES channels ON DELETE CASCADE,
        message_id uuid NOT NULL CONSTRAINT fk_chat_signals_message_id REFERENCES messages ON DELETE CASCADE,
        emoji text NOT NULL DEFAULT '',
        reason jsonb,
        created_at timestamptz NOT NULL,
        state text NOT NULL DEFAULT 'ready'
            CONSTRAINT ck_chat_signals_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL DEFAULT 0,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz
    )
    """,
    "CREATE UNIQUE INDEX uq_chat_signals_read ON chat_signals (message_id) WHERE kind = 'read'",
    "CREATE INDEX ix_chat_signals_message_id ON chat_signals (message_id, created_at)",
    "CREATE INDEX ix_chat_signals_channel_id ON chat_signals (channel_id)",
    "CREATE INDEX ix_chat_signals_due ON chat_signals (run_at) WHERE state IN ('ready', 'running')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
