"""Checklists of visits, by brand and type of work."""

from __future__ import annotations

from alembic import op

revision = "0074"
down_revision = "0073"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE visit_checklists (
            id uuid NOT NULL CONSTRAINT pk_visit_checklists PRIMARY KEY,
            brand_id uuid NOT NULL CONSTRAINT fk_visit_checklists_brand_id REFERENCES brands (id) ON DELETE CASCADE,
            order_type text NOT NULL,
            items text[] NOT NULL,
            updated_at timestamptz NOT NULL,
            CONSTRAINT uq_visit_checklists_brand_id_order_type UNIQUE (brand_id, order_type)
        )
        """
    )
