"""Months of commissions are closed, and stay as they were."""

from __future__ import annotations

from alembic import op

revision = "0111"
down_revision = "0110"

STATEMENTS = (
    "ALTER TABLE partner_commissions ADD COLUMN paid_month date",
    """
    CREATE TABLE partner_statements (
        partner_id uuid NOT NULL CONSTRAINT fk_partner_statements_partner_id_partners REFERENCES partners (id) ON DELETE CASCADE,
        month date NOT NULL CONSTRAINT ck_partner_statements_month CHECK (extract(day FROM month) = 1),
        lines jsonb NOT NULL,
        total numeric(12, 2) NOT NULL,
        closed_by_user_id uuid CONSTRAINT fk_partner_statements_closed_by_user_id_users REFERENCES users (id) ON DELETE SET NULL,
        closed_at timestamptz NOT NULL,
        CONSTRAINT pk_partner_statements PRIMARY KEY (partner_id, month)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
