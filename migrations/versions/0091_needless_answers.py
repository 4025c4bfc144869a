"""A clock may end because no answer is needed."""

from __future__ import annotations

from alembic import op

revision = "0091"
down_revision = "0090"

FACTS = "'asked', 'answered', 'needless', 'withdrawn', 'status', 'waiting', 'snoozed', 'spam', 'terms'"
OUTCOMES = "'running', 'answered', 'needless', 'closed'"


def upgrade() -> None:
    for table, column, name, values in (
        ("sla_facts", "kind", "ck_sla_facts_kind", FACTS),
        ("sla_clocks", "outcome", "ck_sla_clocks_outcome", OUTCOMES),
    ):
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}, ADD CONSTRAINT {name} CHECK ({column} IN ({values}))")
