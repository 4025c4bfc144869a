"""When credentials of channels expire, what administrators were told, and notifications that are about a channel."""

from __future__ import annotations

from alembic import op

revision = "0041"
down_revision = "0040"

KINDS = "'mention', 'assignment', 'message', 'held', 'team', 'escalation', 'channel'"
STATEMENTS = (
    """
    CREATE TABLE channel_credentials (
        channel_id uuid NOT NULL CONSTRAINT fk_channel_credentials_channel_id REFERENCES channels ON DELETE CASCADE,
        name text NOT NULL,
        expires_date date NOT NULL,
        CONSTRAINT pk_channel_credentials PRIMARY KEY (channel_id, name)
    )
    """,
    """
    CREATE TABLE channel_occasions (
        channel_id uuid NOT NULL CONSTRAINT fk_channel_occasions_channel_id REFERENCES channels ON DELETE CASCADE,
        occasion text NOT NULL,
        occurred_at timestamptz NOT NULL,
        CONSTRAINT pk_channel_occasions PRIMARY KEY (channel_id, occasion)
    )
    """,
    *(
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))"
        for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind"))
    ),
    "ALTER TABLE notifications ALTER COLUMN thread_id DROP NOT NULL",
    "ALTER TABLE notifications ADD COLUMN channel_id uuid"
    " CONSTRAINT fk_notifications_channel_id REFERENCES channels ON DELETE CASCADE",
    "ALTER TABLE notifications ADD COLUMN text text NOT NULL DEFAULT ''",
    "ALTER TABLE notifications ADD CONSTRAINT ck_notifications_about CHECK ((thread_id IS NULL) <> (channel_id IS NULL))",
    "CREATE INDEX ix_notifications_channel_id ON notifications (channel_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
