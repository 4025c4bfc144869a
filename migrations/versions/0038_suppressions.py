"""Addresses nothing is to be sent to any more, for each brand."""

from __future__ import annotations

from alembic import op

revision = "0038"
down_revision = "0037"

STATEMENTS = (
    """
    CREATE TABLE suppressions (
        id uuid CONSTRAINT pk_suppressions PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_suppressions_brand_id REFERENCES brands ON DELETE CASCADE,
        address text NOT NULL CONSTRAINT ck_suppressions_address CHECK (address = lower(address) AND address <> ''),
        reason varchar(40) NOT NULL CONSTRAINT ck_suppressions_reason
            CHECK (reason IN ('bounced', 'complained', 'unsubscribed')),
        source text NOT NULL,
        detail text NOT NULL,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        lifted_at timestamptz,
        lifted_by_user_id uuid CONSTRAINT fk_suppressions_lifted_by_user_id REFERENCES users ON DELETE SET NULL
    )
    """,
    "CREATE UNIQUE INDEX uq_suppressions_brand_id_address_reason ON suppressions (brand_id, address, reason)"
    " WHERE lifted_at IS NULL",
    "CREATE INDEX ix_suppressions_created ON suppressions (created_at, id) WHERE lifted_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
