"""What others call an order is looked up: every text and number in its references, in capitals."""

from __future__ import annotations

from alembic import op

revision = "0112"
down_revision = "0111"

STATEMENTS = (
    """
    CREATE FUNCTION reference_values(given jsonb) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT array_agg(DISTINCT upper(found #>> '{}'))
        FROM jsonb_path_query(given, '$.** ? (@.type() == "string" || @.type() == "number")') found
    $$
    """,
    "CREATE INDEX ix_orders_references ON orders USING gin (reference_values(external_references))",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
