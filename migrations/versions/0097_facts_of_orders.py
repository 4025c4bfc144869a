"""Facts of orders: what they come to and on whose account they are; what there is already is read in the background."""

from __future__ import annotations

from alembic import op

revision = "0097"
down_revision = "0096"

STATEMENTS = (
    "ALTER TABLE report_facts ADD COLUMN amount numeric(14, 2), ADD COLUMN currency text",
    "ALTER TABLE report_scopes ADD COLUMN partner_id uuid",
    "ALTER TABLE report_scopes DROP CONSTRAINT uq_report_scopes_all",
    """ALTER TABLE report_scopes ADD CONSTRAINT uq_report_scopes_all UNIQUE NULLS NOT DISTINCT
        (brand_id, channel_id, medium, team_id, user_id, thread_type, priority, partner_id)""",
    # Days that are summed up say nothing by partner yet: they are summed up anew.
    "DELETE FROM report_seals",
    """INSERT INTO report_rebuilds (id, kind, cursor, total, done, asked_at)
        SELECT gen_random_uuid(), 1, NULL, n, 0, now() FROM (SELECT (SELECT count(*) FROM threads) + (SELECT count(*) FROM tasks)
            + (SELECT count(*) FROM survey_invitations) + (SELECT count(*) FROM orders) AS n) counted WHERE n > 0""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
