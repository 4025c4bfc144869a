"""Whoever lifted, undid, decided or accepted something did so at a time."""

from __future__ import annotations

from alembic import op

revision = "0122"
down_revision = "0121"

RULES = (
    ("suppressions", "lifted", "lifted_by_user_id IS NULL OR lifted_at IS NOT NULL"),
    ("thread_moves", "undone", "undone_by_user_id IS NULL OR undone_at IS NOT NULL"),
    ("partner_mail_readings", "decided", "decided_by_user_id IS NULL OR decided_at IS NOT NULL"),
    ("partner_agreements", "accepted_by", "accepted_by_user_id IS NULL OR accepted_at IS NOT NULL"),
)


def upgrade() -> None:
    for table, name, rule in RULES:
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_{name} CHECK ({rule}) NOT VALID")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_{name}")
