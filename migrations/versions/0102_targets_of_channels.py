"""A brand's target of a figure can be another one over a kind of channel."""

from __future__ import annotations

from alembic import op

revision = "0102"
down_revision = "0101"

STATEMENTS = (
    "ALTER TABLE report_targets ADD COLUMN medium text NOT NULL DEFAULT ''",
    "ALTER TABLE report_targets DROP CONSTRAINT pk_report_targets",
    "ALTER TABLE report_targets ADD CONSTRAINT pk_report_targets PRIMARY KEY (brand_id, measure, medium)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
