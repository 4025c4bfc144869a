"""Lists of one team's threads; saved searches; columns of views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
OF_A_TEAM = "team_id IS NOT NULL"
IN_INBOX = f"is_open AND snoozed_until IS NULL AND {OF_A_TEAM}"
NEWEST = (sa.text("last_message_at DESC"), sa.text("id DESC"))


def upgrade() -> None:
    _index_teams()
    op.add_column("saved_views", sa.Column("search", sa.Text(), nullable=True))
    hidden = sa.Column("hidden_columns", postgresql.ARRAY(sa.Text()), nullable=False, server_default="{}")
    op.add_column("saved_views", hidden)
    op.create_check_constraint(op.f("ck_saved_views_search"), "saved_views", "search <> ''")


def _index_teams() -> None:
    """The keys of the lists behind the team; threads of no team, which are most, cost nothing."""
    rank = sa.text("priority_rank DESC")
    for name, columns, where in (
        ("ix_threads_open_team", NEWEST, IN_INBOX),
        ("ix_threads_rank_team", (rank, *NEWEST), IN_INBOX),
        ("ix_threads_team", NEWEST, OF_A_TEAM),
    ):
        op.create_index(name, "threads", ["team_id", "brand_id", *columns], postgresql_where=sa.text(where))
