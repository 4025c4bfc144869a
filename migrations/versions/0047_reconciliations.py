"""Counts of a mailbox against what we hold of it: one row a run, and on each item the run that saw it last."""

from __future__ import annotations

from alembic import op

revision = "0047"
down_revision = "0046"

STATEMENTS = (
    """
    CREATE TABLE reconciliations (
        id uuid CONSTRAINT pk_reconciliations PRIMARY KEY,
        channel_id uuid NOT NULL CONSTRAINT fk_reconciliations_channel_id REFERENCES channels ON DELETE CASCADE,
        asked_by_user_id uuid CONSTRAINT fk_reconciliations_asked_by_user_id REFERENCES users,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        progress jsonb NOT NULL,
        result jsonb NOT NULL,
        reason text NOT NULL DEFAULT '',
        state text NOT NULL CONSTRAINT ck_reconciliations_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT ck_reconciliations_ended_pair CHECK ((state IN ('done', 'failed')) = (ended_at IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_reconciliations_active ON reconciliations (channel_id) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_reconciliations_due ON reconciliations (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_reconciliations_channel_id ON reconciliations (channel_id, created_at)",
    "ALTER TABLE mailbox_items ADD COLUMN seen_in uuid",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
