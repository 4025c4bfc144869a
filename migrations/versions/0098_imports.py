"""Imports of orders, articles and prices from files, and prices that hold from a day on."""

from __future__ import annotations

from alembic import op

revision = "0098"
down_revision = "0097"

STATEMENTS = (
    "ALTER TABLE orders DROP CONSTRAINT ck_orders_source",
    """
    ALTER TABLE orders ADD CONSTRAINT ck_orders_source
        CHECK (source IN ('user', 'api', 'fillout', 'make', 'partner', 'import'))
    """,
    """
    CREATE TABLE article_prices (
        id uuid NOT NULL CONSTRAINT pk_article_prices PRIMARY KEY,
        article_id uuid NOT NULL CONSTRAINT fk_article_prices_article_id REFERENCES articles (id) ON DELETE CASCADE,
        unit_price numeric(14, 4) NOT NULL CONSTRAINT ck_article_prices_unit_price CHECK (unit_price >= 0),
        valid_from date NOT NULL,
        valid_until date,
        created_at timestamptz NOT NULL,
        CONSTRAINT uq_article_prices_article_id UNIQUE (article_id, valid_from),
        CONSTRAINT ck_article_prices_valid CHECK (valid_until > valid_from)
    )
    """,
    """
    CREATE TABLE imports (
        id uuid NOT NULL CONSTRAINT pk_imports PRIMARY KEY,
        brand_id uuid NOT NULL CONSTRAINT fk_imports_brand_id REFERENCES brands (id) ON DELETE CASCADE,
        user_id uuid CONSTRAINT fk_imports_user_id REFERENCES users (id) ON DELETE SET NULL,
        kind varchar(40) NOT NULL CONSTRAINT ck_imports_kind CHECK (kind IN ('orders', 'articles', 'prices')),
        phase varchar(40) NOT NULL CONSTRAINT ck_imports_phase
            CHECK (phase IN ('reading', 'preview', 'unreadable', 'importing', 'done', 'undoing', 'undone')),
        file_name text NOT NULL,
        storage_key text NOT NULL,
        size_bytes integer NOT NULL,
        sha256 text NOT NULL,
        heads jsonb NOT NULL,
        columns jsonb NOT NULL,
        encoding text NOT NULL,
        separator text NOT NULL,
        total integer NOT NULL,
        done integer NOT NULL,
        problem text NOT NULL,
        created_at timestamptz NOT NULL,
        ended_at timestamptz,
        state text NOT NULL CONSTRAINT ck_imports_state CHECK (state IN ('ready', 'running', 'done', 'failed')),
        run_at timestamptz NOT NULL DEFAULT now(),
        attempts integer NOT NULL,
        lease_token uuid,
        lease_until timestamptz,
        hinted_at timestamptz
    )
    """,
    "CREATE INDEX ix_imports_brand ON imports (brand_id, created_at)",
    "CREATE INDEX ix_imports_due ON imports (run_at) WHERE state IN ('ready', 'running')",
    """
    CREATE TABLE import_rows (
        import_id uuid NOT NULL CONSTRAINT fk_import_rows_import_id REFERENCES imports (id) ON DELETE CASCADE,
        number integer NOT NULL,
        cells jsonb NOT NULL,
        outcome varchar(40) NOT NULL CONSTRAINT ck_import_rows_outcome
            CHECK (outcome IN ('new', 'changes', 'same', 'wrong', 'made', 'changed', 'skipped', 'taken_back', 'left')),
        problems jsonb NOT NULL,
        entity_id uuid,
        before jsonb,
        after jsonb,
        CONSTRAINT pk_import_rows PRIMARY KEY (import_id, number)
    )
    """,
    "CREATE INDEX ix_import_rows_outcome ON import_rows (import_id, outcome, number)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
