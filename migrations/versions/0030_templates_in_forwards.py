"""A template can be put into a forward as well as into a reply or note."""

from __future__ import annotations

from alembic import op

revision = "0030"
down_revision = "0029"

KINDS = "ALTER TABLE reply_template_uses ADD CONSTRAINT ck_reply_template_uses_kind CHECK (kind IN ('reply', 'note', 'forward'))"


def upgrade() -> None:
    op.execute("ALTER TABLE reply_template_uses DROP CONSTRAINT ck_reply_template_uses_kind")
    op.execute(f"{KINDS} NOT VALID")
    op.execute("ALTER TABLE reply_template_uses VALIDATE CONSTRAINT ck_reply_template_uses_kind")
