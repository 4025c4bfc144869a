"""Make the database indexes of threads, one for each sort order (sorting.py)."""

from __future__ import annotations

import sqlalchemy as sa

_BY_RANK = ("priority_rank DESC", "last_message_at DESC", "id DESC")
DUE = "coalesce(response_due_at, '9999-12-31 00:00:00+00'::timestamptz)"  # as queries by due time must say it
_BY_DUE = (DUE, "last_message_at", "id")


def rank_index(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Return an index on `columns`, then by priority with the highest first, then by the last message with the newest first."""
    return sa.Index(name, *columns, *map(sa.text, _BY_RANK), postgresql_where=sa.text(where) if where else None)


def due_index(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Return an index on `columns`, then by due time. Threads without a due time come last."""
    return sa.Index(name, *columns, *map(sa.text, _BY_DUE), postgresql_where=sa.text(where) if where else None)


def newest_index(name: str, *columns: str, where: str | None = None) -> sa.Index:
    """Return an index on `columns`, then by the time of the last message with the newest first."""
    newest = sa.text("last_message_at DESC"), sa.text("id DESC")
    return sa.Index(name, *columns, *newest, postgresql_where=sa.text(where) if where else None)
