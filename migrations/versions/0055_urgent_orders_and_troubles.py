"""How urgent an order is, what is wrong with the installation, and notifications that are about either."""

from __future__ import annotations

from alembic import op

revision = "0055"
down_revision = "0054"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'team', 'escalation', 'channel', "
    "'order_urgent', 'technician_absent', 'system_error'"
)
PRIORITIES = "'low', 'normal', 'high', 'urgent', 'critical'"
STATEMENTS = (
    f"""
    ALTER TABLE orders ADD COLUMN priority varchar(40) NOT NULL DEFAULT 'normal'
        CONSTRAINT ck_orders_priority CHECK (priority IN ({PRIORITIES}))
    """,
    *(
        f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))"
        for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind"))
    ),
    "ALTER TABLE notifications ADD COLUMN place text NOT NULL DEFAULT ''",
    "ALTER TABLE notifications ADD COLUMN brand_id uuid CONSTRAINT fk_notifications_brand_id REFERENCES brands ON DELETE CASCADE",
    "ALTER TABLE notifications DROP CONSTRAINT ck_notifications_about",
    """
    ALTER TABLE notifications ADD CONSTRAINT ck_notifications_about
        CHECK (num_nonnulls(thread_id, channel_id, nullif(place, '')) = 1)
    """,
    f"""
    ALTER TABLE teams_hooks
        ADD COLUMN triggers text[] NOT NULL DEFAULT '{{order_urgent,technician_absent,system_error}}',
        ADD COLUMN least_priority varchar(40) NOT NULL DEFAULT 'low'
            CONSTRAINT ck_teams_hooks_least_priority CHECK (least_priority IN ({PRIORITIES}))
    """,
    """
    CREATE TABLE system_troubles (
        id uuid CONSTRAINT pk_system_troubles PRIMARY KEY,
        key text NOT NULL,
        text text NOT NULL,
        place text NOT NULL,
        began_at timestamptz NOT NULL,
        ended_at timestamptz
    )
    """,
    "CREATE UNIQUE INDEX uq_system_troubles_open ON system_troubles (key) WHERE ended_at IS NULL",
    """
    CREATE TABLE system_watches (
        name text CONSTRAINT pk_system_watches PRIMARY KEY,
        looked_at timestamptz NOT NULL
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
