"""Reports: what persons did is summed up by week too, the sums of a day are found by part and day, and the facts of a day that
is not over are read from an index alone."""

from __future__ import annotations

from alembic import op

revision = "0121"
down_revision = "0120"


def upgrade() -> None:
    op.execute("CREATE TABLE report_weeks (monday date CONSTRAINT pk_report_weeks PRIMARY KEY, sealed_at timestamptz NOT NULL)")
    op.execute("DROP INDEX ix_report_days_part")
    op.execute("DROP INDEX ix_report_days_day")
    op.execute("CREATE INDEX ix_report_days_part ON report_days (part, local_day, value)")
    op.execute("DROP INDEX ix_report_facts_now")
    op.execute(
        "CREATE INDEX ix_report_facts_now ON report_facts (kind, local_day)"
        " INCLUDE (scope_id, open_seconds, wall_seconds, met, local_hour, at, score) WHERE removed_at IS NULL"
    )
