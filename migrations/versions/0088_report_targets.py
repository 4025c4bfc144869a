"""Reports: those people come back to, and the targets of a brand."""

from __future__ import annotations

from alembic import op

revision = "0088"
down_revision = "0087"

STATEMENTS = (
    """CREATE TABLE saved_reports (
        id uuid CONSTRAINT pk_saved_reports PRIMARY KEY,
        owner_user_id uuid NOT NULL CONSTRAINT fk_saved_reports_owner_user_id_users REFERENCES users (id) ON DELETE CASCADE,
        name text NOT NULL CONSTRAINT ck_saved_reports_name CHECK (name <> ''),
        is_shared boolean NOT NULL, args jsonb NOT NULL, created_at timestamptz NOT NULL)""",
    "CREATE UNIQUE INDEX uq_saved_reports_name ON saved_reports (owner_user_id, lower(name))",
    """CREATE TABLE report_targets (
        brand_id uuid NOT NULL CONSTRAINT fk_report_targets_brand_id_brands REFERENCES brands (id) ON DELETE CASCADE,
        measure text NOT NULL, value double precision NOT NULL, set_at timestamptz NOT NULL,
        set_by_user_id uuid CONSTRAINT fk_report_targets_set_by_user_id_users REFERENCES users (id) ON DELETE SET NULL,
        CONSTRAINT pk_report_targets PRIMARY KEY (brand_id, measure))""",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
