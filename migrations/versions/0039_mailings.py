"""One mail to many, a row for each recipient."""

from __future__ import annotations

from alembic import op

revision = "0039"
down_revision = "0038"

STATEMENTS = (
    """
    CREATE TABLE mailings (
        id uuid CONSTRAINT pk_mailings PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_mailings_brand_id REFERENCES brands,
        channel_id uuid NOT NULL CONSTRAINT fk_mailings_channel_id REFERENCES channels,
        created_by_user_id uuid NOT NULL CONSTRAINT fk_mailings_created_by_user_id REFERENCES users,
        subject text NOT NULL,
        text text NOT NULL,
        html text NOT NULL,
        provider_template text,
        category text NOT NULL,
        send_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE mailing_recipients (
        id uuid CONSTRAINT pk_mailing_recipients PRIMARY KEY,
        mailing_id uuid NOT NULL CONSTRAINT fk_mailing_recipients_mailing_id REFERENCES mailings ON DELETE CASCADE,
        address text NOT NULL,
        name text NOT NULL,
        "values" jsonb NOT NULL,
        consent jsonb NOT NULL,
        outcome varchar(40) CONSTRAINT ck_mailing_recipients_outcome
            CHECK (outcome IN ('queued', 'stopped', 'no_consent', 'failed')),
        reason text NOT NULL,
        message_id uuid CONSTRAINT fk_mailing_recipients_message_id REFERENCES messages ON DELETE SET NULL,
        state text NOT NULL CONSTRAINT ck_mailing_recipients_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz,
        CONSTRAINT uq_mailing_recipients_mailing_id_address UNIQUE (mailing_id, address),
        CONSTRAINT ck_mailing_recipients_outcome_pair CHECK ((state = 'done') = (outcome IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_mailing_recipients_due ON mailing_recipients (run_at) WHERE state IN ('ready', 'running')",
    "CREATE INDEX ix_mailing_recipients_message_id ON mailing_recipients (message_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
