"""Calls that a provider tells of, and which missed call a task is about."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"

STATEMENTS = (
    """
    CREATE TABLE phone_calls (
        id uuid CONSTRAINT pk_phone_calls PRIMARY KEY,
        call_id text NOT NULL CONSTRAINT uq_phone_calls_call_id UNIQUE,
        channel_id uuid NOT NULL CONSTRAINT fk_phone_calls_channel_id REFERENCES channels,
        message_id uuid CONSTRAINT uq_phone_calls_message_id UNIQUE
            CONSTRAINT fk_phone_calls_message_id REFERENCES messages ON DELETE SET NULL,
        legs jsonb NOT NULL,
        recording jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz
    )
    """,
    "ALTER TABLE tasks ADD COLUMN called_in_message_id uuid CONSTRAINT uq_tasks_called_in_message_id UNIQUE"
    " CONSTRAINT fk_tasks_called_in_message_id REFERENCES messages ON DELETE SET NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
