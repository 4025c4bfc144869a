"""Orders with their lines, addresses, articles and numbers."""

from __future__ import annotations

from alembic import op

revision = "0042"
down_revision = "0041"

ORDER_STATUSES = "'intake_received', 'new', 'approved', 'scheduled', 'in_progress', 'on_hold', 'completed', 'cancelled'"
STATEMENTS = (
    """
    CREATE TABLE order_number_series (
        brand_id uuid CONSTRAINT pk_order_number_series PRIMARY KEY
            CONSTRAINT fk_order_number_series_brand_id REFERENCES brands ON DELETE CASCADE,
        prefix text NOT NULL CONSTRAINT uq_order_number_series_prefix UNIQUE
            CONSTRAINT ck_order_number_series_prefix CHECK (prefix ~ '^[A-Z][A-Z0-9]{1,7}$')
    )
    """,
    """
    CREATE TABLE order_counters (
        brand_id uuid NOT NULL CONSTRAINT fk_order_counters_brand_id REFERENCES brands ON DELETE CASCADE,
        year smallint NOT NULL,
        last_number integer NOT NULL,
        CONSTRAINT pk_order_counters PRIMARY KEY (brand_id, year)
    )
    """,
    """
    CREATE TABLE articles (
        id uuid CONSTRAINT pk_articles PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_articles_brand_id REFERENCES brands,
        sku text NOT NULL CONSTRAINT ck_articles_sku CHECK (sku <> ''),
        name text NOT NULL,
        unit_price numeric(12, 2),
        is_active boolean NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_articles_brand_id_sku UNIQUE (brand_id, sku)
    )
    """,
    "CREATE INDEX ix_articles_name ON articles (brand_id, lower(name))",
    """
    CREATE TABLE addresses (
        id uuid CONSTRAINT pk_addresses PRIMARY KEY,
        contact_id uuid CONSTRAINT fk_addresses_contact_id REFERENCES contacts ON DELETE SET NULL,
        address_type varchar(40) NOT NULL CONSTRAINT ck_addresses_address_type
            CHECK (address_type IN ('installation', 'billing', 'other')),
        typed text NOT NULL CONSTRAINT ck_addresses_typed CHECK (typed <> ''),
        street text NOT NULL,
        house_number text NOT NULL,
        house_number_addition text NOT NULL,
        postal_code text NOT NULL,
        city text NOT NULL,
        country text NOT NULL,
        created_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_addresses_contact ON addresses (contact_id) WHERE contact_id IS NOT NULL",
    f"""
    CREATE TABLE orders (
        id uuid CONSTRAINT pk_orders PRIMARY KEY,
        order_number text NOT NULL CONSTRAINT uq_orders_order_number UNIQUE,
        brand_id uuid NOT NULL CONSTRAINT fk_orders_brand_id REFERENCES brands,
        order_type text NOT NULL,
        status varchar(40) NOT NULL CONSTRAINT ck_orders_status CHECK (status IN ({ORDER_STATUSES})),
        customer_contact_id uuid NOT NULL CONSTRAINT fk_orders_customer_contact_id REFERENCES contacts,
        account_contact_id uuid CONSTRAINT fk_orders_account_contact_id REFERENCES contacts,
        channel_contact_ids uuid[] NOT NULL,
        address_id uuid CONSTRAINT fk_orders_address_id REFERENCES addresses,
        source varchar(40) NOT NULL CONSTRAINT ck_orders_source CHECK (source IN ('user', 'api', 'fillout', 'make')),
        source_key text,
        notes text NOT NULL,
        external_references jsonb NOT NULL,
        created_by_user_id uuid CONSTRAINT fk_orders_created_by_user_id REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL
    )
    """,
    "CREATE INDEX ix_orders_created ON orders (brand_id, created_at, id)",
    "CREATE INDEX ix_orders_customer ON orders (customer_contact_id)",
    "CREATE UNIQUE INDEX uq_orders_source_key ON orders (source, source_key) WHERE source_key IS NOT NULL",
    """
    CREATE TABLE line_items (
        id uuid CONSTRAINT pk_line_items PRIMARY KEY,
        order_id uuid NOT NULL CONSTRAINT fk_line_items_order_id REFERENCES orders ON DELETE CASCADE,
        position smallint NOT NULL,
        article_id uuid CONSTRAINT fk_line_items_article_id REFERENCES articles,
        description text NOT NULL,
        quantity numeric(12, 3) NOT NULL CONSTRAINT ck_line_items_quantity CHECK (quantity > 0),
        unit_price numeric(12, 2),
        status varchar(40) NOT NULL CONSTRAINT ck_line_items_status CHECK (status IN ('preliminary', 'quoted')),
        external_item_reference text NOT NULL,
        CONSTRAINT uq_line_items_order_id_position UNIQUE (order_id, position)
    )
    """,
    """
    CREATE TABLE order_threads (
        order_id uuid NOT NULL CONSTRAINT fk_order_threads_order_id REFERENCES orders ON DELETE CASCADE,
        thread_id uuid NOT NULL,
        linked_at timestamptz NOT NULL,
        CONSTRAINT pk_order_threads PRIMARY KEY (order_id, thread_id)
    )
    """,
    "CREATE INDEX ix_order_threads_thread ON order_threads (thread_id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
