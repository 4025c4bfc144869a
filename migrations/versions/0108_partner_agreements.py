"""What was agreed with a partner, version by version, and who accepted each."""

from __future__ import annotations

from alembic import op

revision = "0108"
down_revision = "0107"

STATEMENTS = (
    """
    CREATE TABLE partner_agreements (
        id uuid CONSTRAINT pk_partner_agreements PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_agreements_partner_id_partners REFERENCES partners (id) ON DELETE CASCADE,
        version integer NOT NULL CONSTRAINT ck_partner_agreements_version CHECK (version > 0),
        text text NOT NULL CONSTRAINT ck_partner_agreements_text CHECK (text <> ''),
        created_by_user_id uuid CONSTRAINT fk_partner_agreements_created_by_user_id_users
            REFERENCES users (id) ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        accepted_by_user_id uuid CONSTRAINT fk_partner_agreements_accepted_by_user_id_users
            REFERENCES users (id) ON DELETE SET NULL,
        accepted_name text NOT NULL,
        accepted_at timestamptz,
        CONSTRAINT uq_partner_agreements_partner_id_version UNIQUE (partner_id, version),
        CONSTRAINT ck_partner_agreements_accepted CHECK ((accepted_at IS NULL) = (accepted_name = ''))
    )
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
