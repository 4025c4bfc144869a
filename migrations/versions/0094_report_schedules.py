"""Reports that come by mail: what is asked for, who gets it, and the promise of each mail."""

from __future__ import annotations

from alembic import op

revision = "0094"
down_revision = "0093"

STATEMENTS = (
    """CREATE TABLE report_schedules (
        id uuid CONSTRAINT pk_report_schedules PRIMARY KEY,
        owner_user_id uuid NOT NULL CONSTRAINT fk_report_schedules_owner_user_id_users REFERENCES users (id) ON DELETE CASCADE,
        name text NOT NULL CONSTRAINT ck_report_schedules_name CHECK (name <> ''),
        args jsonb NOT NULL, is_open boolean NOT NULL,
        every varchar(40) NOT NULL CONSTRAINT ck_report_schedules_every CHECK (every IN ('day', 'week', 'month')),
        weekday smallint NOT NULL, month_day smallint NOT NULL, hour smallint NOT NULL,
        since_at timestamptz NOT NULL, paused_at timestamptz, created_at timestamptz NOT NULL,
        CONSTRAINT ck_report_schedules_moment
            CHECK (weekday BETWEEN 0 AND 6 AND month_day BETWEEN 1 AND 31 AND hour BETWEEN 0 AND 23))""",
    "CREATE UNIQUE INDEX uq_report_schedules_name ON report_schedules (owner_user_id, lower(name))",
    """CREATE TABLE report_recipients (
        schedule_id uuid NOT NULL
            CONSTRAINT fk_report_recipients_schedule_id_report_schedules REFERENCES report_schedules (id) ON DELETE CASCADE,
        user_id uuid NOT NULL CONSTRAINT fk_report_recipients_user_id_users REFERENCES users (id) ON DELETE CASCADE,
        CONSTRAINT pk_report_recipients PRIMARY KEY (schedule_id, user_id))""",
    "CREATE INDEX ix_report_recipients_user_id ON report_recipients (user_id)",
    """CREATE TABLE report_sends (
        id uuid CONSTRAINT pk_report_sends PRIMARY KEY,
        schedule_id uuid NOT NULL
            CONSTRAINT fk_report_sends_schedule_id_report_schedules REFERENCES report_schedules (id) ON DELETE CASCADE,
        user_id uuid NOT NULL CONSTRAINT fk_report_sends_user_id_users REFERENCES users (id) ON DELETE CASCADE,
        due_at timestamptz NOT NULL, first_day date NOT NULL, last_day date NOT NULL,
        is_test boolean NOT NULL DEFAULT false, calling_at timestamptz, ended_at timestamptz,
        outcome varchar(40) CONSTRAINT ck_report_sends_outcome
            CHECK (outcome IN ('accepted', 'lapsed', 'folded', 'gone', 'refused', 'unknown')),
        error text NOT NULL DEFAULT '', created_at timestamptz NOT NULL,
        state text NOT NULL CONSTRAINT ck_report_sends_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(), attempts integer NOT NULL,
        lease_token uuid, lease_until timestamptz, hinted_at timestamptz)""",
    "CREATE UNIQUE INDEX uq_report_sends_due ON report_sends (schedule_id, user_id, due_at) WHERE NOT is_test",
    "CREATE INDEX ix_report_sends_due ON report_sends (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_report_sends_user ON report_sends (user_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
