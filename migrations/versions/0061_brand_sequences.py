"""Pushes are counted for the room of a brand, and no more for each of those who see it."""

from __future__ import annotations

from alembic import op

revision = "0061"
down_revision = "0060"


def upgrade() -> None:
    op.execute(
        "CREATE TABLE brand_sequences ("
        " brand_id uuid CONSTRAINT pk_brand_sequences PRIMARY KEY"
        " CONSTRAINT fk_brand_sequences_brand_id REFERENCES brands ON DELETE CASCADE,"
        " sequence bigint NOT NULL)"
    )
