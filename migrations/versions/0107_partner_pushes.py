"""Orders are brought to partners' own APIs, as deliveries of the callback engine to an endpoint of their own kind."""

from __future__ import annotations

from alembic import op

revision = "0107"
down_revision = "0106"

STATEMENTS = (
    "ALTER TABLE partners ADD COLUMN push_enabled boolean NOT NULL DEFAULT false",
    "ALTER TABLE webhook_endpoints DROP CONSTRAINT ck_webhook_endpoints_kind",
    "ALTER TABLE webhook_endpoints ADD CONSTRAINT ck_webhook_endpoints_kind"
    " CHECK (kind IN ('webhook', 'partner', 'make', 'partner_api'))",
    "DROP INDEX uq_webhook_endpoints_make",
    "CREATE UNIQUE INDEX uq_webhook_endpoints_owned ON webhook_endpoints (owner_id, name) WHERE kind IN ('make', 'partner_api')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
