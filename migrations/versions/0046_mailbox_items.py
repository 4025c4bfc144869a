"""What every followed mailbox holds, item by item: where it is there, and which message of ours it became."""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"

STATEMENTS = (
    """
    CREATE TABLE mailbox_items (
        channel_id uuid NOT NULL CONSTRAINT fk_mailbox_items_channel_id REFERENCES channels ON DELETE CASCADE,
        item_id text NOT NULL,
        folder text NOT NULL,
        state text NOT NULL CONSTRAINT ck_mailbox_items_state CHECK (state IN ('held', 'missing', 'unwanted')),
        received_at timestamptz,
        inbound_event_id uuid CONSTRAINT fk_mailbox_items_inbound_event_id REFERENCES inbound_events ON DELETE SET NULL,
        message_id uuid CONSTRAINT fk_mailbox_items_message_id REFERENCES messages ON DELETE SET NULL,
        gone text CONSTRAINT ck_mailbox_items_gone CHECK (gone IN ('moved', 'deleted')),
        gone_to text NOT NULL DEFAULT '',
        changed_at timestamptz NOT NULL,
        CONSTRAINT pk_mailbox_items PRIMARY KEY (channel_id, item_id)
    )
    """,
    "CREATE INDEX ix_mailbox_items_inbound_event_id ON mailbox_items (inbound_event_id) WHERE inbound_event_id IS NOT NULL",
    "CREATE INDEX ix_mailbox_items_message_id ON mailbox_items (message_id) WHERE message_id IS NOT NULL",
    """
    INSERT INTO mailbox_items (channel_id, item_id, folder, state, received_at, inbound_event_id, message_id, changed_at)
    SELECT e.channel_id, e.meta->>'graph_id', coalesce(e.meta->>'folder', 'inbox'), 'held', e.received_at, e.id, m.id, now()
    FROM inbound_events e
    JOIN channels c ON c.id = e.channel_id AND c.channel_type = 'email_outlook'
    LEFT JOIN messages m ON m.id = CAST(e.results->0->>'message_id' AS uuid)
    WHERE e.source = 'mailbox' AND e.meta ? 'graph_id'
    ON CONFLICT DO NOTHING
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
