"""What partners tell us of the states of their orders."""

from __future__ import annotations

from alembic import op

revision = "0068"
down_revision = "0067"

STATEMENTS = (
    """
    CREATE TABLE partner_reports (
        id uuid CONSTRAINT pk_partner_reports PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_reports_partner_id REFERENCES partners ON DELETE CASCADE,
        partner_order_row_id uuid NOT NULL
            CONSTRAINT fk_partner_reports_partner_order_row_id REFERENCES partner_orders ON DELETE CASCADE,
        dedupe_key text NOT NULL,
        word text NOT NULL,
        mapped_status text NOT NULL,
        outcome varchar(40) NOT NULL
            CONSTRAINT ck_partner_reports_outcome CHECK (outcome IN ('applied', 'unchanged', 'skipped')),
        reason text NOT NULL,
        transition_id text NOT NULL,
        notes text NOT NULL,
        payload jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_reports_partner_order_row_id_dedupe_key UNIQUE (partner_order_row_id, dedupe_key),
        CONSTRAINT ck_partner_reports_skipped CHECK ((outcome = 'skipped') = (reason <> ''))
    )
    """,
    "CREATE INDEX ix_partner_reports_newest ON partner_reports (partner_id, created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
