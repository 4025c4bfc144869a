"""A partner has a form of its own, and gets a mail when its orders reach states that were agreed.

Partners whose orders come in by a form have the mail that one came in, as was agreed with all of them.
"""

from __future__ import annotations

from alembic import op

revision = "0106"
down_revision = "0105"

STATEMENTS = (
    "ALTER TABLE partners ADD COLUMN form_integration_id uuid"
    " CONSTRAINT fk_partners_form_integration_id_integrations REFERENCES integrations (id) ON DELETE SET NULL,"
    " ADD COLUMN mailed_states text[] NOT NULL DEFAULT '{}',"
    " ADD CONSTRAINT uq_partners_form_integration_id UNIQUE (form_integration_id)",
    "ALTER TABLE partner_orders ADD COLUMN mails jsonb NOT NULL DEFAULT '{}'",
    "UPDATE partners SET mailed_states = '{new}' WHERE protocol = 'form'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
