"""Teams channels that cards go to, and the digest each user is sent at most once a day."""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"

STATEMENTS = (
    """
    CREATE TABLE teams_hooks (
        id uuid CONSTRAINT pk_teams_hooks PRIMARY KEY,
        team_id uuid NOT NULL CONSTRAINT uq_teams_hooks_team_id UNIQUE
            CONSTRAINT fk_teams_hooks_team_id REFERENCES teams ON DELETE CASCADE,
        sealed_url bytea NOT NULL,
        host text NOT NULL,
        shows_content boolean NOT NULL,
        calls timestamptz[] NOT NULL DEFAULT '{}',
        problem text NOT NULL DEFAULT '',
        reached_at timestamptz,
        changed_at timestamptz NOT NULL
    )
    """,
    "ALTER TABLE notification_dispatches ADD COLUMN hook_id uuid"
    " CONSTRAINT fk_notification_dispatches_hook_id REFERENCES teams_hooks ON DELETE CASCADE",
    "ALTER TABLE notification_dispatches ADD COLUMN told_user_ids jsonb NOT NULL DEFAULT '[]'",
    "ALTER TABLE notification_dispatches ADD CONSTRAINT ck_notification_dispatches_hook"
    " CHECK ((way = 'teams') = (hook_id IS NOT NULL))",
    "CREATE INDEX ix_notification_dispatches_hook_id ON notification_dispatches (hook_id)",
    """
    CREATE TABLE notification_digests (
        id uuid CONSTRAINT pk_notification_digests PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_notification_digests_user_id REFERENCES users ON DELETE CASCADE,
        digest_date date NOT NULL,
        calling_at timestamptz,
        ended_at timestamptz,
        outcome varchar(40) CONSTRAINT ck_notification_digests_outcome
            CHECK (outcome IN ('accepted', 'lapsed', 'folded', 'gone', 'refused', 'unknown')),
        error text NOT NULL DEFAULT '',
        created_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_notification_digests_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT uq_notification_digests_user_id_digest_date UNIQUE (user_id, digest_date)
    )
    """,
    "CREATE INDEX ix_notification_digests_due ON notification_digests (run_at) WHERE state IN ('ready', 'running')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
