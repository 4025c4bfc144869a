"""Reports: the facts of a kind are listed by time, so that a long file of them is read on from its last row."""

from __future__ import annotations

from alembic import op

revision = "0120"
down_revision = "0119"


def upgrade() -> None:
    op.execute("CREATE INDEX ix_report_facts_newest ON report_facts (kind, at, id)")
    op.execute("DROP INDEX ix_report_facts_list")
