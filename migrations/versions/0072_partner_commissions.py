"""Commissions of partners' channels, and what was agreed about them."""

from __future__ import annotations

from alembic import op

revision = "0072"
down_revision = "0071"

STATEMENTS = (
    """
    CREATE TABLE partner_rates (
        partner_id uuid NOT NULL CONSTRAINT fk_partner_rates_partner_id REFERENCES partners ON DELETE CASCADE,
        level smallint NOT NULL CONSTRAINT ck_partner_rates_level CHECK (level BETWEEN 1 AND 9),
        valid_from date NOT NULL,
        percent numeric(5, 2) NOT NULL CONSTRAINT ck_partner_rates_percent CHECK (percent BETWEEN 0 AND 100),
        CONSTRAINT pk_partner_rates PRIMARY KEY (partner_id, level, valid_from)
    )
    """,
    """
    CREATE TABLE partner_commissions (
        id uuid CONSTRAINT pk_partner_commissions PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_commissions_partner_id REFERENCES partners,
        order_id uuid NOT NULL CONSTRAINT fk_partner_commissions_order_id REFERENCES orders ON DELETE CASCADE,
        contact_id uuid NOT NULL CONSTRAINT fk_partner_commissions_contact_id REFERENCES contacts,
        level smallint NOT NULL,
        percent numeric(5, 2) NOT NULL,
        base numeric(12, 2) NOT NULL,
        amount numeric(12, 2) NOT NULL,
        state varchar(40) NOT NULL
            CONSTRAINT ck_partner_commissions_state CHECK (state IN ('provisional', 'final', 'reversed')),
        state_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_commissions_order_id_level UNIQUE (order_id, level)
    )
    """,
    "CREATE INDEX ix_partner_commissions_statement ON partner_commissions (partner_id, state, state_at)",
    "CREATE INDEX ix_partner_commissions_contact ON partner_commissions (contact_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
