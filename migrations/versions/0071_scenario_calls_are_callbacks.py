"""Calls of scenarios become callbacks: an endpoint for each scenario of a connection; those there are keep their states."""

from __future__ import annotations

from alembic import op

revision = "0071"
down_revision = "0070"

STATEMENTS = (
    "CREATE UNIQUE INDEX uq_webhook_endpoints_make ON webhook_endpoints (owner_id, name) WHERE kind = 'make'",
    """
    INSERT INTO webhook_endpoints (id, kind, owner_id, brand_id, name, url, event_types, schedule, payload_version,
        signature_header, event_header, max_concurrency, is_test, email_fallback, includes_customer_data, state, state_reason,
        failures_in_row, has_incident, created_at, updated_at)
    SELECT gen_random_uuid(), 'make', i.id, i.brand_id, c.scenario, '', '{*}', 'make', '', '', '', 4, false, false, false,
        'active', '', 0, false, min(c.created_at), now()
    FROM scenario_calls c JOIN integrations i ON i.id = c.integration_id GROUP BY i.id, i.brand_id, c.scenario
    """,
    """
    INSERT INTO webhook_messages (id, dedupe_key, event_id, event_type, payload, brand_id, owner_id, ordering_key, about, is_test,
        skipped, occurred_at, created_at)
    SELECT c.id, 'make:' || c.integration_id || ':' || c.scenario || ':' || c.event_id, c.event_id, c.event_type,
        convert_to(c.body, 'UTF8'), i.brand_id, i.id, '', jsonb_build_object('label', c.scenario), false, '', c.created_at,
        c.created_at
    FROM scenario_calls c JOIN integrations i ON i.id = c.integration_id ORDER BY c.created_at, c.id
    """,
    """
    INSERT INTO webhook_deliveries (id, message_id, endpoint_id, number, ordering_key, trigger, tries_before, why, last_outcome,
        last_status, fallback, created_at, ended_at, state, run_at, attempts)
    SELECT gen_random_uuid(), c.id, e.id, m.number, '', 'event', 0,
        jsonb_build_object('code', CASE c.state WHEN 'done' THEN 'delivered' WHEN 'failed' THEN 'tries_used' ELSE 'event' END),
        CASE WHEN c.attempts = 0 THEN '' WHEN c.state = 'done' THEN 'ok' WHEN c.answer_status IS NULL THEN 'connect'
            WHEN c.answer_status >= 500 THEN 'http_5xx' ELSE 'http_4xx' END,
        c.answer_status, '', c.created_at, c.ended_at,
        CASE c.state WHEN 'running' THEN 'ready' ELSE c.state END, c.run_at, c.attempts
    FROM scenario_calls c
    JOIN webhook_messages m ON m.id = c.id
    JOIN webhook_endpoints e ON e.owner_id = c.integration_id AND e.name = c.scenario AND e.kind = 'make'
    """,
    "DROP TABLE scenario_calls",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
