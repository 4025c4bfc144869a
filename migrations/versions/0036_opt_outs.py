"""Who asked a brand to write to them no more, by medium and address."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"

STATEMENTS = (
    """
    CREATE TABLE opt_outs (
        id uuid CONSTRAINT pk_opt_outs PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_opt_outs_brand_id REFERENCES brands,
        medium text NOT NULL CONSTRAINT ck_opt_outs_medium CHECK (medium IN ('email', 'whatsapp', 'sms', 'phone')),
        address text NOT NULL CONSTRAINT ck_opt_outs_address CHECK (address <> ''),
        said text NOT NULL,
        message_id uuid,
        asked_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT ck_opt_outs_ended CHECK (ended_at IS NULL OR ended_at >= asked_at)
    )
    """,
    "CREATE UNIQUE INDEX uq_opt_outs_standing ON opt_outs (brand_id, medium, address) WHERE ended_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
