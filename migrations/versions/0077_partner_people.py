"""People of partners, who sign in to the portal: a role, and which partner they are of."""

from __future__ import annotations

from alembic import op

revision = "0077"
down_revision = "0076"

STATEMENTS = (
    "ALTER TABLE users DROP CONSTRAINT ck_users_role",
    "ALTER TABLE users ADD CONSTRAINT ck_users_role"
    " CHECK (role IN ('agent', 'lead', 'manager', 'technician', 'read_only', 'partner', 'admin'))",
    """
    CREATE TABLE partner_people (
        id uuid CONSTRAINT pk_partner_people PRIMARY KEY,
        user_id uuid NOT NULL CONSTRAINT fk_partner_people_user_id REFERENCES users ON DELETE CASCADE,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_people_partner_id REFERENCES partners ON DELETE CASCADE,
        contact_id uuid CONSTRAINT fk_partner_people_contact_id REFERENCES contacts,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_people_user_id UNIQUE (user_id)
    )
    """,
    "CREATE INDEX ix_partner_people_partner ON partner_people (partner_id)",
    "CREATE INDEX ix_partner_people_contact ON partner_people (contact_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
