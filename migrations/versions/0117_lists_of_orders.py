"""Lists of orders by place and words, and the sums of the board, are read from indexes."""

from __future__ import annotations

from alembic import op

revision = "0117"
down_revision = "0116"

STATEMENTS = (
    "DROP INDEX ix_orders_board",
    "CREATE INDEX ix_orders_board ON orders (brand_id, status, created_at, id) INCLUDE (currency, gross_total)",
    "CREATE INDEX ix_orders_address ON orders (address_id) WHERE address_id IS NOT NULL",
    "CREATE INDEX ix_orders_number_trigram ON orders USING gin (order_number gin_trgm_ops)",
    "CREATE INDEX ix_addresses_code ON addresses (lower(replace(postal_code, ' ', '')) text_pattern_ops)",
    "CREATE INDEX ix_addresses_city ON addresses (lower(city) text_pattern_ops)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
