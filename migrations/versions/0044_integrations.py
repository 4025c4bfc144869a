"""Connected services beside the channels, and forms people filled in."""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"

STATEMENTS = (
    """
    CREATE TABLE integrations (
        id uuid CONSTRAINT pk_integrations PRIMARY KEY,
        provider varchar(40) NOT NULL CONSTRAINT ck_integrations_provider CHECK (provider IN ('fillout', 'make')),
        name text NOT NULL CONSTRAINT uq_integrations_name UNIQUE,
        brand_id uuid NOT NULL CONSTRAINT fk_integrations_brand_id REFERENCES brands,
        channel_id uuid CONSTRAINT fk_integrations_channel_id REFERENCES channels ON DELETE SET NULL,
        is_active boolean NOT NULL,
        settings jsonb NOT NULL,
        sealed_secrets bytea NOT NULL,
        poll_state jsonb NOT NULL,
        polled_at timestamptz,
        poll_lease_until timestamptz,
        last_inbound_at timestamptz,
        problem text NOT NULL,
        problem_at timestamptz,
        created_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE form_submissions (
        id uuid CONSTRAINT pk_form_submissions PRIMARY KEY,
        integration_id uuid NOT NULL CONSTRAINT fk_form_submissions_integration_id REFERENCES integrations,
        external_id text NOT NULL,
        form_id text NOT NULL,
        form_name text NOT NULL,
        answers jsonb NOT NULL,
        intake jsonb NOT NULL,
        contact_id uuid NOT NULL CONSTRAINT fk_form_submissions_contact_id REFERENCES contacts,
        order_id uuid NOT NULL CONSTRAINT fk_form_submissions_order_id REFERENCES orders,
        thread_id uuid NOT NULL,
        submitted_at timestamptz NOT NULL,
        told_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_form_submissions_integration_id_external_id UNIQUE (integration_id, external_id)
    )
    """,
    "CREATE INDEX ix_form_submissions_contact ON form_submissions (contact_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
