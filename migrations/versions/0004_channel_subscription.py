"""Remember the subscription by which a provider wakes the poller of a channel."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("channels", sa.Column("subscription", postgresql.JSONB(), nullable=False, server_default="{}"))
    op.add_column("channels", sa.Column("poll_wanted", sa.Boolean(), nullable=False, server_default="false"))
