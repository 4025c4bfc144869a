"""The text of the PDF files of an order mail, as it was read."""

from __future__ import annotations

from alembic import op

revision = "0109"
down_revision = "0108"


def upgrade() -> None:
    op.execute("ALTER TABLE partner_mail_readings ADD COLUMN pdf_rows jsonb NOT NULL DEFAULT '[]'")
