"""Transitions: the history of every status, begun for what is there; more statuses of orders, lines and appointments."""

from __future__ import annotations

from alembic import op

revision = "0065"
down_revision = "0064"

STATUSES = {
    "orders": ("status", "intake_received new quoted approved scheduled in_progress on_hold completed cancelled"),
    "line_items": ("status", "preliminary quoted ordered installed cancelled"),
    "appointments": ("state", "planned on_the_way arrived in_progress done not_home aborted cancelled"),
}
ACTORS = "user partner rule form scenario sync system"


def listed(words: str) -> str:
    return ", ".join(f"'{word}'" for word in words.split())


STATEMENTS = (
    f"""
    CREATE TABLE transitions (
        id uuid CONSTRAINT pk_transitions PRIMARY KEY,
        entity_type text NOT NULL,
        entity_id uuid NOT NULL,
        seq integer NOT NULL,
        from_status text,
        to_status text NOT NULL,
        reason text NOT NULL,
        reason_code text NOT NULL,
        business_context jsonb NOT NULL,
        actor_kind varchar(40) NOT NULL
            CONSTRAINT ck_transitions_actor_kind CHECK (actor_kind IN ({listed(ACTORS)})),
        actor_id uuid,
        actor_name text NOT NULL,
        request_key text,
        undoes_id uuid CONSTRAINT uq_transitions_undoes_id UNIQUE CONSTRAINT fk_transitions_undoes_id REFERENCES transitions,
        at timestamptz NOT NULL,
        CONSTRAINT uq_transitions_entity_type_entity_id_seq UNIQUE (entity_type, entity_id, seq),
        CONSTRAINT uq_transitions_entity_type_entity_id_request_key UNIQUE (entity_type, entity_id, request_key),
        CONSTRAINT ck_transitions_seq CHECK ((seq = 1) = (from_status IS NULL) AND seq > 0)
    )
    """,
    """
    CREATE TABLE transition_rules (
        brand_id uuid CONSTRAINT fk_transition_rules_brand_id REFERENCES brands ON DELETE CASCADE,
        entity_type text,
        from_status text,
        to_status text,
        is_forbidden boolean NOT NULL,
        needs_reason boolean NOT NULL,
        CONSTRAINT pk_transition_rules PRIMARY KEY (brand_id, entity_type, from_status, to_status),
        CONSTRAINT ck_transition_rules_says_something CHECK (is_forbidden OR needs_reason)
    )
    """,
    # Lines follow their order; until now they stayed as they were ordered.
    """
    UPDATE line_items AS line SET status = CASE
        WHEN orders.status = 'completed' THEN 'installed' WHEN orders.status = 'cancelled' THEN 'cancelled' ELSE 'ordered' END
    FROM orders WHERE orders.id = line.order_id
    AND orders.status IN ('approved', 'scheduled', 'in_progress', 'completed', 'cancelled')
    """,
    # What a status was before nobody wrote down: each history begins with the status of today.
    """
    INSERT INTO transitions
        (id, entity_type, entity_id, seq, to_status, reason, reason_code, business_context, actor_kind, actor_name, at)
    SELECT gen_random_uuid(), 'order', id, 1, status, '', '', '{}', 'system', '', created_at FROM orders
    """,
    """
    INSERT INTO transitions
        (id, entity_type, entity_id, seq, to_status, reason, reason_code, business_context, actor_kind, actor_name, at)
    SELECT gen_random_uuid(), 'appointment', id, 1, state, '', '', '{}', 'system', '', created_at FROM appointments
    """,
)


def upgrade() -> None:
    for table, (column, values) in STATUSES.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_{column}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{column} CHECK ({column} IN ({listed(values)}))")
    for statement in STATEMENTS:
        op.execute(statement)
