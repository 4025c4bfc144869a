"""The day each word was last written: where the search of a word that fell out of use begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    """Nothing is noted yet: the words of what is there are noted in the background."""
    op.create_table(
        "search_words",
        sa.Column("letters", sa.Text(collation="C"), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("letters", name="pk_search_words"),
    )
    op.create_table(
        "search_word_mark",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name="pk_search_word_mark"),
    )
    op.execute("INSERT INTO search_word_mark (message_id) VALUES ('00000000-0000-0000-0000-000000000000')")
