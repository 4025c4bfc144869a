"""How often endpoints of providers, and ours, are called on a day, and how that goes."""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"

STATEMENTS = (
    """
    CREATE TABLE usage_days (
        called_date date NOT NULL,
        is_ours boolean NOT NULL,
        provider text NOT NULL,
        account text NOT NULL,
        endpoint text NOT NULL,
        requests bigint NOT NULL,
        failures bigint NOT NULL,
        throttled bigint NOT NULL,
        seconds double precision NOT NULL,
        steps bigint[] NOT NULL,
        CONSTRAINT pk_usage_days PRIMARY KEY (called_date, is_ours, provider, account, endpoint),
        CONSTRAINT ck_usage_days_counts CHECK (requests >= failures AND failures >= throttled AND throttled >= 0)
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
