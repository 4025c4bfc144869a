"""Money of orders: currency, discounts, tax and totals; payments with a state; a source key per owner; the clock of numbers."""

from __future__ import annotations

from alembic import op

revision = "0076"
down_revision = "0075"

STATEMENTS = (
    """
    CREATE TABLE order_settings (
        brand_id uuid CONSTRAINT pk_order_settings PRIMARY KEY
            CONSTRAINT fk_order_settings_brand_id REFERENCES brands ON DELETE CASCADE,
        currency text NOT NULL DEFAULT 'EUR' CONSTRAINT ck_order_settings_currency CHECK (currency ~ '^[A-Z]{3}$'),
        zone text NOT NULL DEFAULT 'Europe/Amsterdam',
        tax_code text NOT NULL DEFAULT 'nl_21',
        prices_include_tax boolean NOT NULL DEFAULT false
    )
    """,
    # The clock of a brand was that of its calendar; numbers went by Amsterdam's.
    """
    INSERT INTO order_settings (brand_id, zone, currency, tax_code)
    SELECT brand_id, coalesce(rules->>'zone', 'Europe/Amsterdam'),
        CASE rules->>'country' WHEN 'CA' THEN 'CAD' ELSE 'EUR' END,
        CASE rules->>'country' WHEN 'CA' THEN 'qc' WHEN 'BE' THEN 'be_21' ELSE 'nl_21' END
    FROM business_calendars AS calendar
    JOIN calendar_versions AS version ON version.calendar_id = calendar.id AND version.number = calendar.version
    WHERE archived_at IS NULL AND NOT is_by_name_only AND brand_id IS NOT NULL AND team_id IS NULL AND channel_id IS NULL
    ON CONFLICT DO NOTHING
    """,
    "ALTER TABLE articles ALTER unit_price TYPE numeric(14, 4), ADD COLUMN tax_code text",
    """
    ALTER TABLE orders
        ADD COLUMN source_owner_id uuid,
        ADD COLUMN currency text NOT NULL DEFAULT 'EUR' CONSTRAINT ck_orders_currency CHECK (currency ~ '^[A-Z]{3}$'),
        ADD COLUMN prices_include_tax boolean NOT NULL DEFAULT false,
        ADD COLUMN discount_amount numeric(14, 2) NOT NULL DEFAULT 0 CONSTRAINT ck_orders_discount CHECK (discount_amount >= 0),
        ADD COLUMN net_total numeric(14, 2),
        ADD COLUMN tax_total numeric(14, 2),
        ADD COLUMN gross_total numeric(14, 2),
        ADD CONSTRAINT ck_orders_totals CHECK (gross_total = net_total + tax_total),
        ADD CONSTRAINT ck_orders_priced CHECK (num_nulls(net_total, tax_total, gross_total) IN (0, 3))
    """,
    "DROP INDEX uq_orders_source_key",
    """
    CREATE UNIQUE INDEX uq_orders_source_key ON orders (source, source_owner_id, source_key) NULLS NOT DISTINCT
    WHERE source_key IS NOT NULL
    """,
    "CREATE INDEX ix_orders_board ON orders (brand_id, status, created_at, id)",
    """
    ALTER TABLE line_items
        ALTER unit_price TYPE numeric(14, 4),
        ADD COLUMN discount_amount numeric(14, 2) NOT NULL DEFAULT 0,
        ADD COLUMN order_discount_share numeric(14, 2) NOT NULL DEFAULT 0,
        ADD COLUMN tax_code text NOT NULL DEFAULT 'nl_21'
    """,
    """
    ALTER TABLE line_items
        ADD COLUMN line_total numeric(14, 2)
            GENERATED ALWAYS AS (round(quantity * unit_price, 2) - discount_amount - order_discount_share) STORED,
        ADD CONSTRAINT ck_line_items_discounts CHECK (discount_amount >= 0 AND order_discount_share >= 0),
        ADD CONSTRAINT ck_line_items_line_total CHECK (line_total >= 0)
    """,
    """
    CREATE TABLE order_tax_totals (
        order_id uuid CONSTRAINT fk_order_tax_totals_order_id REFERENCES orders ON DELETE CASCADE,
        tax_code text,
        part text,
        rate numeric(7, 4) NOT NULL,
        taxable numeric(14, 2) NOT NULL,
        tax numeric(14, 2) NOT NULL,
        CONSTRAINT pk_order_tax_totals PRIMARY KEY (order_id, tax_code, part)
    )
    """,
    # Until now there was one currency and no tax: each order is what its lines come to, with 21 % on the whole.
    """
    INSERT INTO order_tax_totals (order_id, tax_code, part, rate, taxable, tax)
    SELECT orders.id, 'nl_21', 'BTW', 21, sum(line_total), round(sum(line_total) * 0.21, 2)
    FROM orders JOIN line_items ON line_items.order_id = orders.id
    WHERE line_items.status <> 'cancelled' OR orders.status = 'cancelled'
    GROUP BY orders.id HAVING count(*) = count(unit_price)
    """,
    """
    UPDATE orders SET net_total = taxable, tax_total = tax, gross_total = taxable + tax
    FROM order_tax_totals WHERE order_id = orders.id
    """,
    """
    UPDATE orders SET net_total = 0, tax_total = 0, gross_total = 0
    WHERE NOT EXISTS (SELECT 1 FROM line_items WHERE order_id = orders.id)
    """,
    """
    ALTER TABLE order_payments
        ALTER amount TYPE numeric(14, 2),
        ADD COLUMN kind varchar(40) NOT NULL DEFAULT 'payment'
            CONSTRAINT ck_order_payments_kind CHECK (kind IN ('payment', 'refund')),
        ADD COLUMN state varchar(40) NOT NULL DEFAULT 'received'
            CONSTRAINT ck_order_payments_state CHECK (state IN ('pending', 'received', 'failed')),
        ADD COLUMN refunds_id uuid CONSTRAINT fk_order_payments_refunds_id REFERENCES order_payments ON DELETE CASCADE
    """,
    # A negative amount could be told of; it is money that went back. Of nothing there is no payment.
    "UPDATE order_payments SET kind = 'refund', amount = -amount WHERE amount < 0",
    "DELETE FROM order_payments WHERE amount = 0",
    """
    ALTER TABLE order_payments
        ADD CONSTRAINT ck_order_payments_amount CHECK (amount > 0),
        ADD CONSTRAINT ck_order_payments_refund CHECK (refunds_id IS NULL OR kind = 'refund')
    """,
    "CREATE INDEX ix_events_order ON events ((payload->>'order_id'), occurred_at) WHERE payload ? 'order_id'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
