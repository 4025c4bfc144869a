"""Callbacks: endpoints, messages, deliveries, attempts."""

from __future__ import annotations

from alembic import op

revision = "0070"
down_revision = "0069"

UNFINISHED = "state IN ('ready', 'running')"
STATEMENTS = (
    """
    CREATE TABLE webhook_endpoints (
        id uuid CONSTRAINT pk_webhook_endpoints PRIMARY KEY,
        kind text NOT NULL CONSTRAINT ck_webhook_endpoints_kind CHECK (kind IN ('webhook', 'partner', 'make')),
        owner_id uuid,
        brand_id uuid NOT NULL CONSTRAINT fk_webhook_endpoints_brand_id REFERENCES brands,
        name text NOT NULL,
        url text NOT NULL,
        sealed_secrets bytea,
        event_types text[] NOT NULL,
        schedule text NOT NULL,
        payload_version text NOT NULL,
        signature_header text NOT NULL,
        event_header text NOT NULL,
        max_concurrency integer NOT NULL CONSTRAINT ck_webhook_endpoints_concurrency CHECK (max_concurrency BETWEEN 1 AND 32),
        is_test boolean NOT NULL,
        email_fallback boolean NOT NULL,
        includes_customer_data boolean NOT NULL,
        state text NOT NULL CONSTRAINT ck_webhook_endpoints_state CHECK (state IN ('active', 'paused', 'disabled')),
        state_reason text NOT NULL,
        state_changed_at timestamptz,
        failures_in_row integer NOT NULL,
        failing_since timestamptz,
        has_incident boolean NOT NULL,
        resting_until timestamptz,
        last_ok_at timestamptz,
        deleted_at timestamptz,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_webhook_endpoints_owner ON webhook_endpoints (owner_id)",
    "CREATE INDEX ix_webhook_endpoints_brand ON webhook_endpoints (brand_id, kind) WHERE deleted_at IS NULL",
    """
    CREATE TABLE webhook_messages (
        id uuid CONSTRAINT pk_webhook_messages PRIMARY KEY,
        number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        dedupe_key text NOT NULL CONSTRAINT uq_webhook_messages_dedupe_key UNIQUE,
        event_id uuid,
        event_type text NOT NULL,
        payload bytea NOT NULL,
        brand_id uuid NOT NULL,
        owner_id uuid,
        ordering_key text NOT NULL,
        about jsonb NOT NULL,
        is_test boolean NOT NULL,
        skipped text NOT NULL,
        occurred_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_webhook_messages_order ON webhook_messages (ordering_key) WHERE ordering_key <> ''",
    "CREATE INDEX ix_webhook_messages_created ON webhook_messages (created_at)",
    "CREATE INDEX ix_webhook_messages_owner ON webhook_messages (owner_id, created_at)",
    """
    CREATE TABLE webhook_deliveries (
        id uuid CONSTRAINT pk_webhook_deliveries PRIMARY KEY,
        message_id uuid NOT NULL CONSTRAINT fk_webhook_deliveries_message_id REFERENCES webhook_messages ON DELETE CASCADE,
        endpoint_id uuid NOT NULL CONSTRAINT fk_webhook_deliveries_endpoint_id REFERENCES webhook_endpoints ON DELETE CASCADE,
        number bigint NOT NULL,
        ordering_key text NOT NULL,
        body bytea,
        trigger text NOT NULL CONSTRAINT ck_webhook_deliveries_trigger CHECK (trigger IN ('event', 'test', 'replay')),
        replayed_by uuid,
        tries_before integer NOT NULL,
        why jsonb NOT NULL,
        last_outcome text NOT NULL,
        last_status integer,
        total_ms integer,
        fallback text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        state text NOT NULL
            CONSTRAINT ck_webhook_deliveries_state CHECK (state IN ('ready', 'running', 'done', 'failed', 'skipped')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT uq_webhook_deliveries_message_id_endpoint_id UNIQUE (message_id, endpoint_id)
    )
    """,
    f"CREATE INDEX ix_webhook_deliveries_due ON webhook_deliveries (run_at) WHERE {UNFINISHED}",
    "CREATE INDEX ix_webhook_deliveries_newest ON webhook_deliveries (endpoint_id, created_at, id)",
    "CREATE INDEX ix_webhook_deliveries_running ON webhook_deliveries (endpoint_id) WHERE state = 'running'",
    f"CREATE INDEX ix_webhook_deliveries_order ON webhook_deliveries (endpoint_id, ordering_key, number) WHERE {UNFINISHED}",
    """
    CREATE TABLE webhook_attempts (
        id uuid CONSTRAINT pk_webhook_attempts PRIMARY KEY,
        delivery_id uuid NOT NULL CONSTRAINT fk_webhook_attempts_delivery_id REFERENCES webhook_deliveries ON DELETE CASCADE,
        attempt_no integer NOT NULL,
        trigger text NOT NULL CONSTRAINT ck_webhook_attempts_trigger CHECK (trigger IN ('event', 'test', 'replay')),
        why jsonb NOT NULL,
        started_at timestamptz NOT NULL,
        ended_at timestamptz NOT NULL,
        url text NOT NULL,
        request_headers jsonb NOT NULL,
        outcome text NOT NULL,
        status integer,
        response_headers jsonb NOT NULL,
        response_body bytea NOT NULL,
        is_cut boolean NOT NULL,
        address text NOT NULL,
        connect_ms integer,
        total_ms integer NOT NULL,
        retry_after_seconds integer,
        CONSTRAINT uq_webhook_attempts_delivery_id_attempt_no UNIQUE (delivery_id, attempt_no)
    )
    """,
    "CREATE INDEX ix_webhook_attempts_ended ON webhook_attempts (ended_at)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
