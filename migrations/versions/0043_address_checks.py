"""What the register of addresses says of an address, and what it said to each question."""

from __future__ import annotations

from alembic import op

revision = "0043"
down_revision = "0042"

STATEMENTS = (
    """
    ALTER TABLE addresses
        ADD COLUMN check_status varchar(40) NOT NULL DEFAULT 'waiting' CONSTRAINT ck_addresses_check_status
            CHECK (check_status IN ('waiting', 'valid', 'several', 'none', 'skipped')),
        ADD COLUMN register jsonb,
        ADD COLUMN candidates jsonb NOT NULL DEFAULT '[]',
        ADD COLUMN checked_at timestamptz,
        ADD COLUMN last_error text,
        ADD COLUMN state text NOT NULL DEFAULT 'ready'
            CONSTRAINT ck_addresses_state CHECK (state IN ('ready', 'running', 'done')),
        ADD COLUMN run_at timestamptz NOT NULL DEFAULT now(),
        ADD COLUMN attempts integer NOT NULL DEFAULT 0,
        ADD COLUMN lease_token uuid,
        ADD COLUMN lease_until timestamptz,
        ADD COLUMN hinted_at timestamptz,
        ADD CONSTRAINT ck_addresses_register CHECK ((check_status = 'valid') = (register IS NOT NULL))
    """,
    "CREATE INDEX ix_addresses_due ON addresses (run_at) WHERE state IN ('ready', 'running')",
    """
    CREATE TABLE address_lookups (
        key text CONSTRAINT pk_address_lookups PRIMARY KEY,
        matches jsonb NOT NULL,
        asked_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_address_lookups_expires ON address_lookups (expires_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
