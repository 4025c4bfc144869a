"""What was paid for orders, and what scenarios outside are told."""

from __future__ import annotations

from alembic import op

revision = "0045"
down_revision = "0044"

STATEMENTS = (
    """
    CREATE TABLE order_payments (
        id uuid CONSTRAINT pk_order_payments PRIMARY KEY,
        order_id uuid NOT NULL CONSTRAINT fk_order_payments_order_id REFERENCES orders ON DELETE CASCADE,
        source_key text NOT NULL CONSTRAINT uq_order_payments_source_key UNIQUE,
        amount numeric(12, 2) NOT NULL,
        currency text NOT NULL CONSTRAINT ck_order_payments_currency CHECK (currency ~ '^[A-Z]{3}$'),
        reference text NOT NULL,
        paid_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_order_payments_order ON order_payments (order_id)",
    """
    CREATE TABLE scenario_calls (
        id uuid CONSTRAINT pk_scenario_calls PRIMARY KEY,
        integration_id uuid NOT NULL CONSTRAINT fk_scenario_calls_integration_id REFERENCES integrations ON DELETE CASCADE,
        scenario text NOT NULL,
        event_id uuid NOT NULL,
        event_type text NOT NULL,
        body text NOT NULL,
        answer text NOT NULL,
        answer_status integer,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        state text NOT NULL CONSTRAINT ck_scenario_calls_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT uq_scenario_calls_integration_id_scenario_event_id UNIQUE (integration_id, scenario, event_id)
    )
    """,
    "CREATE INDEX ix_scenario_calls_due ON scenario_calls (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_scenario_calls_newest ON scenario_calls (integration_id, created_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
