"""Which database this is, so that a start knows one that was restored."""

from __future__ import annotations

from alembic import op

revision = "0110"
down_revision = "0109"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE database_identity (
            is_it boolean CONSTRAINT pk_database_identity PRIMARY KEY CONSTRAINT ck_database_identity_one CHECK (is_it),
            name text NOT NULL,
            noted_at timestamptz NOT NULL
        )
        """
    )
