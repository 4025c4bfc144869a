"""Devices that agreed to be told, our key pair, and what is on its way to somebody."""

from __future__ import annotations

from alembic import op

revision = "0032"
down_revision = "0031"

STATEMENTS = (
    """
    CREATE TABLE push_keys (
        id uuid CONSTRAINT pk_push_keys PRIMARY KEY,
        public_point bytea NOT NULL,
        sealed_private bytea NOT NULL,
        is_only boolean NOT NULL DEFAULT true CONSTRAINT uq_push_keys_is_only UNIQUE
            CONSTRAINT ck_push_keys_is_only CHECK (is_only),
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE push_subscriptions (
        id uuid CONSTRAINT pk_push_subscriptions PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_push_subscriptions_user_id REFERENCES users ON DELETE CASCADE,
        session_id uuid CONSTRAINT fk_push_subscriptions_session_id REFERENCES user_sessions ON DELETE SET NULL,
        endpoint text NOT NULL CONSTRAINT uq_push_subscriptions_endpoint UNIQUE,
        p256dh text NOT NULL,
        auth text NOT NULL,
        user_agent text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL,
        reached_at timestamptz,
        problem text NOT NULL DEFAULT ''
    )
    """,
    "CREATE INDEX ix_push_subscriptions_user_id ON push_subscriptions (user_id)",
    "CREATE INDEX ix_push_subscriptions_session_id ON push_subscriptions (session_id)",
    """
    CREATE TABLE notification_dispatches (
        id uuid CONSTRAINT pk_notification_dispatches PRIMARY KEY,
        way varchar(40) NOT NULL CONSTRAINT ck_notification_dispatches_way CHECK (way IN ('app', 'push', 'email', 'teams')),
        target_id uuid NOT NULL,
        notification_id uuid NOT NULL
            CONSTRAINT fk_notification_dispatches_notification_id REFERENCES notifications ON DELETE CASCADE,
        event_id uuid NOT NULL,
        user_id uuid NOT NULL CONSTRAINT fk_notification_dispatches_user_id REFERENCES users ON DELETE CASCADE,
        subscription_id uuid
            CONSTRAINT fk_notification_dispatches_subscription_id REFERENCES push_subscriptions ON DELETE CASCADE,
        is_held boolean NOT NULL,
        folded_into_id uuid
            CONSTRAINT fk_notification_dispatches_folded_into_id REFERENCES notification_dispatches ON DELETE CASCADE,
        calling_at timestamptz,
        ended_at timestamptz,
        outcome varchar(40) CONSTRAINT ck_notification_dispatches_outcome
            CHECK (outcome IN ('accepted', 'lapsed', 'folded', 'gone', 'refused', 'unknown')),
        error text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_notification_dispatches_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT uq_notification_dispatches_event_id_way_target_id UNIQUE (event_id, way, target_id),
        CONSTRAINT ck_notification_dispatches_device CHECK ((way = 'push') = (subscription_id IS NOT NULL))
    )
    """,
    "CREATE UNIQUE INDEX uq_notification_dispatches_waiting ON notification_dispatches (notification_id, way, target_id)"
    " WHERE state = 'ready'",
    "CREATE INDEX ix_notification_dispatches_due ON notification_dispatches (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_notification_dispatches_notification_id ON notification_dispatches (notification_id)",
    "CREATE INDEX ix_notification_dispatches_user_id ON notification_dispatches (user_id)",
    "CREATE INDEX ix_notification_dispatches_target ON notification_dispatches (target_id, ended_at)",
    "CREATE INDEX ix_notification_dispatches_folded_into_id ON notification_dispatches (folded_into_id)",
    "CREATE INDEX ix_notification_dispatches_subscription_id ON notification_dispatches (subscription_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
