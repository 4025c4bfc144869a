"""What is called besides the channels is looked after like them."""

from __future__ import annotations

from alembic import op

revision = "0103"
down_revision = "0102"

STATEMENTS = (
    """
    CREATE TABLE service_checks (
        key text NOT NULL CONSTRAINT pk_service_checks PRIMARY KEY,
        name text NOT NULL,
        place text NOT NULL,
        health text NOT NULL CONSTRAINT ck_service_checks_health CHECK (health IN ('ok', 'degraded', 'down')),
        detail text NOT NULL,
        checked_at timestamptz NOT NULL,
        failing_since timestamptz,
        CONSTRAINT ck_service_checks_failing CHECK ((health = 'ok') = (failing_since IS NULL))
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
