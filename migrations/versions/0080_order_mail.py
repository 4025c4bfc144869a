"""Orders of partners by mail: who sends them, what was read of them, and what was learned from those somebody looked at."""

from __future__ import annotations

from alembic import op

revision = "0080"
down_revision = "0079"

STATEMENTS = (
    "ALTER TABLE partners ADD COLUMN order_mail_senders text[] NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE partner_mail_layouts (
        id uuid CONSTRAINT pk_partner_mail_layouts PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_mail_layouts_partner_id REFERENCES partners ON DELETE CASCADE,
        labels text[] NOT NULL,
        rules jsonb NOT NULL,
        version integer NOT NULL,
        reviewed integer NOT NULL,
        clean_in_row integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_mail_layouts_partner_id_labels UNIQUE (partner_id, labels)
    )
    """,
    """
    CREATE TABLE partner_mail_readings (
        id uuid CONSTRAINT pk_partner_mail_readings PRIMARY KEY,
        message_id uuid NOT NULL CONSTRAINT fk_partner_mail_readings_message_id REFERENCES messages ON DELETE CASCADE,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_mail_readings_partner_id REFERENCES partners ON DELETE CASCADE,
        layout_id uuid CONSTRAINT fk_partner_mail_readings_layout_id REFERENCES partner_mail_layouts ON DELETE SET NULL,
        layout_version integer NOT NULL,
        engine integer NOT NULL,
        state varchar(40) NOT NULL CONSTRAINT ck_partner_mail_readings_state
            CHECK (state IN ('review', 'change', 'cancellation', 'accepted', 'duplicate', 'not_an_order')),
        reason text NOT NULL,
        labels text[] NOT NULL,
        fields jsonb NOT NULL,
        confidence numeric(5, 4) NOT NULL,
        order_row_id uuid CONSTRAINT fk_partner_mail_readings_order_row_id REFERENCES partner_orders ON DELETE SET NULL,
        by_hand boolean NOT NULL,
        decided_by_user_id uuid CONSTRAINT fk_partner_mail_readings_decided_by_user_id REFERENCES users ON DELETE SET NULL,
        decided_at timestamptz,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_mail_readings_message_id UNIQUE (message_id)
    )
    """,
    "CREATE INDEX ix_partner_mail_readings_newest ON partner_mail_readings (partner_id, created_at, id)",
    """
    CREATE INDEX ix_partner_mail_readings_waiting ON partner_mail_readings (created_at, id)
    WHERE decided_at IS NULL AND state IN ('review', 'change', 'cancellation')
    """,
    """
    CREATE TABLE partner_mail_counts (
        bucket text CONSTRAINT pk_partner_mail_counts PRIMARY KEY,
        right_count integer NOT NULL,
        seen_count integer NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
