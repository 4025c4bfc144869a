"""Events of mailboxes' calendars that became tasks, and where the reading of each calendar is."""

from __future__ import annotations

from alembic import op

revision = "0049"
down_revision = "0048"

STATEMENTS = (
    "ALTER TABLE channels ADD COLUMN calendar_state jsonb NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE calendar_events (
        channel_id uuid NOT NULL CONSTRAINT fk_calendar_events_channel_id REFERENCES channels ON DELETE CASCADE,
        event_id text NOT NULL,
        task_id uuid CONSTRAINT fk_calendar_events_task_id REFERENCES tasks ON DELETE SET NULL,
        CONSTRAINT pk_calendar_events PRIMARY KEY (channel_id, event_id)
    )
    """,
    "CREATE INDEX ix_calendar_events_task_id ON calendar_events (task_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
