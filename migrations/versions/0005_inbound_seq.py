"""Know which item of a thread a person outside wrote last, so that our own replies make nothing unread."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("threads", sa.Column("inbound_seq", sa.Integer(), nullable=False, server_default="0"))
    op.execute(
        "UPDATE threads t SET inbound_seq = m.seq FROM (SELECT thread_id, max(seq) AS seq FROM messages"
        " WHERE message_type = 'incoming' AND automatic IS NULL GROUP BY thread_id) m WHERE m.thread_id = t.id"
    )
