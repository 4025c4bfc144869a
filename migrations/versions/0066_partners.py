"""Partners: their keys, the orders they posted, what they call our articles, and their calls."""

from __future__ import annotations

from alembic import op

revision = "0066"
down_revision = "0065"

_ENVIRONMENT = """environment varchar(40) NOT NULL
            CONSTRAINT ck_{table}_environment CHECK (environment IN ('sandbox', 'live'))"""

STATEMENTS = (
    """
    CREATE TABLE partners (
        id uuid CONSTRAINT pk_partners PRIMARY KEY,
        slug text NOT NULL CONSTRAINT uq_partners_slug UNIQUE
            CONSTRAINT ck_partners_slug CHECK (slug ~ '^[a-z0-9][a-z0-9-]{1,39}$'),
        name text NOT NULL CONSTRAINT ck_partners_name CHECK (name <> ''),
        brand_id uuid NOT NULL CONSTRAINT fk_partners_brand_id REFERENCES brands,
        contact_id uuid NOT NULL CONSTRAINT fk_partners_contact_id REFERENCES contacts,
        channel_id uuid CONSTRAINT fk_partners_channel_id REFERENCES channels ON DELETE SET NULL,
        protocol varchar(40) NOT NULL CONSTRAINT ck_partners_protocol CHECK (protocol IN ('api', 'webhook', 'form', 'email')),
        is_active boolean NOT NULL,
        allowed_networks text[] NOT NULL,
        calls_per_minute integer NOT NULL
            CONSTRAINT ck_partners_calls_per_minute CHECK (calls_per_minute BETWEEN 1 AND 100000),
        integration_name text NOT NULL,
        api_base_url text NOT NULL,
        api_version text NOT NULL,
        authentication_type varchar(40) CONSTRAINT ck_partners_authentication_type
            CHECK (authentication_type IN ('api_key', 'oauth2', 'basic_auth', 'bearer_token')),
        sealed_credentials bytea,
        sync_enabled boolean NOT NULL,
        sync_frequency varchar(40) NOT NULL CONSTRAINT ck_partners_sync_frequency
            CHECK (sync_frequency IN ('real_time', 'every_15_minutes', 'hourly', 'daily')),
        status_mapping jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        version integer NOT NULL
    )
    """,
    "CREATE INDEX ix_partners_brand ON partners (brand_id)",
    "CREATE INDEX ix_partners_contact ON partners (contact_id)",
    f"""
    CREATE TABLE partner_keys (
        id uuid CONSTRAINT pk_partner_keys PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_keys_partner_id REFERENCES partners ON DELETE CASCADE,
        {_ENVIRONMENT.format(table="partner_keys")},
        name text NOT NULL,
        shown text NOT NULL,
        key_hash bytea NOT NULL CONSTRAINT uq_partner_keys_key_hash UNIQUE,
        scopes text[] NOT NULL,
        requires_signature boolean NOT NULL,
        sealed_signing_secret bytea NOT NULL,
        created_by_user_id uuid CONSTRAINT fk_partner_keys_created_by_user_id REFERENCES users ON DELETE SET NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz,
        last_used_at timestamptz,
        last_used_ip text NOT NULL,
        revoked_at timestamptz,
        replaced_by_id uuid CONSTRAINT fk_partner_keys_replaced_by_id REFERENCES partner_keys ON DELETE SET NULL
    )
    """,
    "CREATE INDEX ix_partner_keys_partner ON partner_keys (partner_id, created_at)",
    """
    CREATE TABLE partner_nonces (
        key_id uuid NOT NULL CONSTRAINT fk_partner_nonces_key_id REFERENCES partner_keys ON DELETE CASCADE,
        nonce text NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT pk_partner_nonces PRIMARY KEY (key_id, nonce)
    )
    """,
    "CREATE INDEX ix_partner_nonces_expires ON partner_nonces (expires_at)",
    f"""
    CREATE TABLE partner_orders (
        id uuid CONSTRAINT pk_partner_orders PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_orders_partner_id REFERENCES partners,
        {_ENVIRONMENT.format(table="partner_orders")},
        partner_order_id text NOT NULL,
        order_id uuid CONSTRAINT uq_partner_orders_order_id UNIQUE
            CONSTRAINT fk_partner_orders_order_id REFERENCES orders ON DELETE CASCADE,
        order_number text NOT NULL CONSTRAINT uq_partner_orders_order_number UNIQUE,
        order_status text NOT NULL,
        sequence integer NOT NULL CONSTRAINT ck_partner_orders_sequence CHECK (sequence > 0),
        customer_name text NOT NULL,
        payload jsonb NOT NULL,
        fingerprint bytea NOT NULL,
        warnings jsonb NOT NULL,
        unmapped_skus text[] NOT NULL,
        differing jsonb,
        repeats integer NOT NULL,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_orders_partner_id_environment_partner_order_id UNIQUE (partner_id, environment, partner_order_id),
        CONSTRAINT ck_partner_orders_order CHECK ((environment = 'live') = (order_id IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_partner_orders_updated ON partner_orders (partner_id, environment, updated_at, id)",
    "CREATE INDEX ix_partner_orders_created ON partner_orders (partner_id, environment, created_at, id)",
    "CREATE SEQUENCE partner_sandbox_numbers",
    """
    CREATE TABLE partner_products (
        id uuid CONSTRAINT pk_partner_products PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_products_partner_id REFERENCES partners ON DELETE CASCADE,
        partner_sku text NOT NULL CONSTRAINT ck_partner_products_partner_sku CHECK (partner_sku <> ''),
        article_id uuid NOT NULL CONSTRAINT fk_partner_products_article_id REFERENCES articles,
        product_type text NOT NULL,
        unit_price numeric(12, 2),
        valid_from date NOT NULL,
        valid_until date,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_products_partner_id_partner_sku_valid_from UNIQUE (partner_id, partner_sku, valid_from),
        CONSTRAINT ck_partner_products_valid CHECK (valid_until IS NULL OR valid_until > valid_from)
    )
    """,
    "CREATE INDEX ix_partner_products_article ON partner_products (article_id)",
    """
    CREATE TABLE partner_dealers (
        id uuid CONSTRAINT pk_partner_dealers PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_dealers_partner_id REFERENCES partners ON DELETE CASCADE,
        dealer_group_id text NOT NULL CONSTRAINT ck_partner_dealers_dealer_group_id CHECK (dealer_group_id <> ''),
        contact_id uuid NOT NULL CONSTRAINT fk_partner_dealers_contact_id REFERENCES contacts,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_partner_dealers_partner_id_dealer_group_id UNIQUE (partner_id, dealer_group_id)
    )
    """,
    "CREATE INDEX ix_partner_dealers_contact ON partner_dealers (contact_id)",
    """
    CREATE TABLE partner_calls (
        id uuid CONSTRAINT pk_partner_calls PRIMARY KEY,
        partner_id uuid NOT NULL CONSTRAINT fk_partner_calls_partner_id REFERENCES partners ON DELETE CASCADE,
        key_id uuid CONSTRAINT fk_partner_calls_key_id REFERENCES partner_keys ON DELETE SET NULL,
        environment varchar(40) CONSTRAINT ck_partner_calls_environment CHECK (environment IN ('sandbox', 'live')),
        method text NOT NULL,
        path text NOT NULL,
        partner_order_id text NOT NULL,
        status smallint NOT NULL,
        code text NOT NULL,
        detail text NOT NULL,
        is_repeat boolean NOT NULL,
        took_ms integer NOT NULL,
        ip text NOT NULL,
        called_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_partner_calls_newest ON partner_calls (partner_id, called_at, id)",
    "CREATE INDEX ix_partner_calls_called ON partner_calls (called_at)",
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_source",
    """
    ALTER TABLE orders ADD CONSTRAINT ck_orders_source CHECK (source IN ('user', 'api', 'fillout', 'make', 'partner'))
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
