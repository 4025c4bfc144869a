"""Rules of automation, their runs, and what is to be told outside."""

from __future__ import annotations

from alembic import op

revision = "0027"
down_revision = "0026"

TABLES = (
    """
    CREATE TABLE automation_rules (
        id uuid CONSTRAINT pk_automation_rules PRIMARY KEY,
        name text NOT NULL CONSTRAINT ck_automation_rules_name CHECK (name <> ''),
        brand_id uuid CONSTRAINT fk_automation_rules_brand_id REFERENCES brands ON DELETE CASCADE,
        position integer NOT NULL,
        is_on boolean NOT NULL,
        stops boolean NOT NULL,
        trigger text NOT NULL,
        after_hours integer,
        at_minute integer,
        weekdays jsonb NOT NULL,
        parts jsonb NOT NULL CONSTRAINT ck_automation_rules_parts CHECK (jsonb_array_length(parts) BETWEEN 1 AND 2),
        created_by_user_id uuid CONSTRAINT fk_automation_rules_created_by_user_id REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT ck_automation_rules_after_hours CHECK ((trigger IN ('unanswered', 'silent')) = (after_hours IS NOT NULL)),
        CONSTRAINT ck_automation_rules_at_minute CHECK ((trigger = 'clock') = (at_minute IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_automation_rules_on ON automation_rules (trigger, position) WHERE is_on",
    """
    CREATE TABLE automation_runs (
        id uuid CONSTRAINT pk_automation_runs PRIMARY KEY,
        rule_id uuid NOT NULL CONSTRAINT fk_automation_runs_rule_id REFERENCES automation_rules ON DELETE CASCADE,
        occasion text NOT NULL,
        thread_id uuid,
        event_id uuid,
        outcome text NOT NULL
            CONSTRAINT ck_automation_runs_outcome CHECK (outcome IN ('changed', 'unchanged', 'failed', 'loop')),
        detail jsonb NOT NULL,
        run_at timestamptz NOT NULL,
        CONSTRAINT uq_automation_runs_rule_id_occasion UNIQUE (rule_id, occasion)
    )
    """,
    "CREATE INDEX ix_automation_runs_log ON automation_runs (rule_id, run_at DESC, id DESC)",
    "CREATE INDEX ix_automation_runs_thread ON automation_runs (thread_id, rule_id)",
    """
    CREATE TABLE outside_intents (
        id uuid CONSTRAINT pk_outside_intents PRIMARY KEY,
        event_id uuid NOT NULL CONSTRAINT uq_outside_intents_event_id UNIQUE,
        kind text NOT NULL,
        target text NOT NULL,
        brand_id uuid,
        thread_id uuid,
        asked_by jsonb NOT NULL,
        state text NOT NULL CONSTRAINT ck_outside_intents_state CHECK (state IN ('noted', 'done', 'failed')),
        noted_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_outside_intents_noted ON outside_intents (kind, noted_at) WHERE state = 'noted'",
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
