"""Who is there, what each person takes, the rules by which threads find somebody, and the index of those that wait."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"

THREAD_TYPES = (
    "'customer_support', 'partner_inquiry', 'installation_coordination', 'technical_issue', 'sales_inquiry', 'complaint',"
    " 'internal_task', 'project_discussion', 'internal_ticket'"
)
TABLES = (
    """
    CREATE TABLE availabilities (
        user_id uuid CONSTRAINT pk_availabilities PRIMARY KEY
            CONSTRAINT fk_availabilities_user_id REFERENCES users ON DELETE CASCADE,
        state varchar(40) NOT NULL CONSTRAINT ck_availabilities_state CHECK (state IN ('available', 'away', 'offline')),
        since_at timestamptz NOT NULL,
        last_seen_at timestamptz NOT NULL,
        present_until timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE routing_profiles (
        user_id uuid CONSTRAINT pk_routing_profiles PRIMARY KEY
            CONSTRAINT fk_routing_profiles_user_id REFERENCES users ON DELETE CASCADE,
        capacity integer NOT NULL CONSTRAINT ck_routing_profiles_capacity CHECK (capacity BETWEEN 0 AND 200),
        skills text[] NOT NULL,
        languages text[] NOT NULL,
        hours jsonb NOT NULL
    )
    """,
    f"""
    CREATE TABLE routing_rules (
        id uuid CONSTRAINT pk_routing_rules PRIMARY KEY,
        channel_id uuid NOT NULL CONSTRAINT fk_routing_rules_channel_id REFERENCES channels ON DELETE CASCADE,
        name text NOT NULL CONSTRAINT ck_routing_rules_name CHECK (name <> ''),
        position integer NOT NULL,
        is_on boolean NOT NULL,
        thread_type varchar(40) CONSTRAINT ck_routing_rules_thread_type CHECK (thread_type IN ({THREAD_TYPES})),
        strategy varchar(40) NOT NULL
            CONSTRAINT ck_routing_rules_strategy CHECK (strategy IN ('round_robin', 'least_loaded')),
        skills text[] NOT NULL,
        speaks_language boolean NOT NULL,
        sticky_days integer NOT NULL CONSTRAINT ck_routing_rules_sticky_days CHECK (sticky_days BETWEEN 0 AND 90),
        tiers jsonb NOT NULL CONSTRAINT ck_routing_rules_tiers CHECK (jsonb_array_length(tiers) BETWEEN 1 AND 3),
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_routing_rules_on ON routing_rules (channel_id, position) WHERE is_on",
    """
    CREATE TABLE routing_turns (
        rule_id uuid NOT NULL CONSTRAINT fk_routing_turns_rule_id REFERENCES routing_rules ON DELETE CASCADE,
        user_id uuid NOT NULL CONSTRAINT fk_routing_turns_user_id REFERENCES users ON DELETE CASCADE,
        turn bigint NOT NULL,
        CONSTRAINT pk_routing_turns PRIMARY KEY (rule_id, user_id)
    )
    """,
    """
    CREATE TABLE routing_refusals (
        thread_id uuid NOT NULL CONSTRAINT fk_routing_refusals_thread_id REFERENCES threads ON DELETE CASCADE,
        user_id uuid NOT NULL CONSTRAINT fk_routing_refusals_user_id REFERENCES users ON DELETE CASCADE,
        refused_at timestamptz NOT NULL,
        CONSTRAINT pk_routing_refusals PRIMARY KEY (thread_id, user_id)
    )
    """,
)
WAITING = (
    "CREATE INDEX ix_threads_waiting ON threads"
    " (channel_id, response_due_at, priority_rank DESC, created_at, id)"
    " WHERE is_open AND snoozed_until IS NULL AND assignee_user_id IS NULL AND status <> 'waiting_customer'"
)


def upgrade() -> None:
    for statement in (*TABLES, WAITING):
        op.execute(statement)
