"""Lists and columns of orders over several brands are read in their order, however many orders there are."""

from __future__ import annotations

from alembic import op

revision = "0084"
down_revision = "0083"

STATEMENTS = (
    "CREATE INDEX ix_orders_newest ON orders (created_at, id)",
    "CREATE INDEX ix_orders_status ON orders (status, created_at, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
