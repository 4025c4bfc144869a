"""Automatic answers: what each channel says by itself, and what became of every message that could have had one."""

from __future__ import annotations

from alembic import op

revision = "0029"
down_revision = "0028"

TABLES = (
    """
    CREATE TABLE auto_replies (
        channel_id uuid NOT NULL CONSTRAINT fk_auto_replies_channel_id REFERENCES channels ON DELETE CASCADE,
        kind varchar(40) NOT NULL CONSTRAINT ck_auto_replies_kind CHECK (kind IN ('closed', 'order_status')),
        is_on boolean NOT NULL,
        texts jsonb NOT NULL,
        updated_at timestamptz NOT NULL,
        updated_by_user_id uuid CONSTRAINT fk_auto_replies_updated_by_user_id REFERENCES users ON DELETE SET NULL,
        CONSTRAINT pk_auto_replies PRIMARY KEY (channel_id, kind)
    )
    """,
    """
    CREATE TABLE auto_reply_decisions (
        id uuid CONSTRAINT pk_auto_reply_decisions PRIMARY KEY,
        message_id uuid NOT NULL CONSTRAINT uq_auto_reply_decisions_message_id UNIQUE,
        thread_id uuid NOT NULL CONSTRAINT fk_auto_reply_decisions_thread_id REFERENCES threads ON DELETE CASCADE,
        brand_id uuid NOT NULL CONSTRAINT fk_auto_reply_decisions_brand_id REFERENCES brands,
        channel_id uuid NOT NULL CONSTRAINT fk_auto_reply_decisions_channel_id REFERENCES channels ON DELETE CASCADE,
        contact_id uuid,
        address text NOT NULL,
        kind varchar(40) NOT NULL CONSTRAINT ck_auto_reply_decisions_kind CHECK (kind IN ('closed', 'order_status')),
        reason text NOT NULL,
        sent_message_id uuid,
        decided_at timestamptz NOT NULL,
        CONSTRAINT ck_auto_reply_decisions_outcome CHECK ((sent_message_id IS NULL) = (reason <> ''))
    )
    """,
    "CREATE INDEX ix_auto_reply_decisions_log ON auto_reply_decisions (brand_id, decided_at DESC, id DESC)",
    "CREATE INDEX ix_auto_reply_decisions_thread ON auto_reply_decisions (thread_id)",
    "CREATE INDEX ix_auto_reply_decisions_address ON auto_reply_decisions (brand_id, address, decided_at)"
    " WHERE sent_message_id IS NOT NULL",
    "CREATE INDEX ix_auto_reply_decisions_channel ON auto_reply_decisions (channel_id, decided_at)"
    " WHERE sent_message_id IS NOT NULL",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
