"""Which ready-made rule a rule began as; customers may refuse news of their orders."""

from __future__ import annotations

from alembic import op

revision = "0085"
down_revision = "0084"

STATEMENTS = (
    "ALTER TABLE automation_rules ADD COLUMN shipped text CONSTRAINT uq_automation_rules_shipped UNIQUE",
    "ALTER TABLE contact_consents DROP CONSTRAINT ck_contact_consents_purpose",
    "ALTER TABLE contact_consents ADD CONSTRAINT ck_contact_consents_purpose CHECK (purpose IN ("
    "'marketing_email', 'marketing_whatsapp', 'survey', 'share_with_partners', 'visit_reminder', 'order_updates'))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
