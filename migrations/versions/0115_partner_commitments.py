"""Whoever leads is told, once a day, of a commitment to a partner that is about to break."""

from __future__ import annotations

from alembic import op

revision = "0115"
down_revision = "0114"

KINDS = (
    "'mention', 'assignment', 'message', 'held', 'unsent', 'team', 'escalation', 'channel', 'order_urgent', "
    "'technician_absent', 'verdict', 'new_work', 'rule', 'system_error', 'visit', 'commitment'"
)
ALERTS = """
    CREATE TABLE partner_commitment_alerts (
        partner_id uuid NOT NULL
            CONSTRAINT fk_partner_commitment_alerts_partner_id_partners REFERENCES partners (id) ON DELETE CASCADE,
        commitment text NOT NULL,
        day date NOT NULL,
        value numeric(12, 2) NOT NULL,
        told_at timestamptz NOT NULL,
        CONSTRAINT pk_partner_commitment_alerts PRIMARY KEY (partner_id, commitment, day)
    )
"""


def upgrade() -> None:
    op.execute(ALERTS)
    for table, name in (("notifications", "kind"), ("notification_choices", "ck_notification_choices_kind")):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK (kind IN ({KINDS}))")
