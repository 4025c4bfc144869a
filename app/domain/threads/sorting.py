"""The sort orders of a thread list, with their cursors. Each order is one index scan, as there is an index with the same keys.

*Newest*: by the last message, newest first. *Oldest*: the reverse. *Priority*: the most urgent first, and newest first among
equals.
*Due*: by due time, then threads without a due time, oldest first. Equal rows are sorted by id, so that a cursor is a unique
place and no page repeats or drops a row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa

from app.core import keyset
from app.core.paging import BadCursor, Page

T = TypeVar("T")
Key = tuple[int, datetime, uuid.UUID, datetime | None]
"""Priority rank, time of the last message, id of the thread, when its answer is due."""
NEVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The time by which threads without a due time are sorted, in the indexes, too."""


class ListSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    PRIORITY = "priority"
    DUE = "due"


@dataclass(frozen=True)
class SortKeys:
    """The columns by which a list can be sorted."""

    rank: Any
    at: Any
    row_id: Any
    due: Any


def due_key(column: Any) -> sa.ColumnElement[Any]:
    """Return the expression for a due-time column that the indexes use. With it, rows without a due time come last."""
    never = sa.literal_column("'9999-12-31 00:00:00+00'::timestamptz", sa.DateTime(timezone=True))
    return sa.func.coalesce(column, never)


def ordering(sort: ListSort, keys: SortKeys) -> list[sa.SQLColumnExpression[Any]]:
    """Return the ORDER BY columns of the sort."""
    if sort in (ListSort.OLDEST, ListSort.DUE):
        return [*([keys.due.asc()] if sort == ListSort.DUE else []), keys.at.asc(), keys.row_id.asc()]
    return [*([keys.rank.desc()] if sort == ListSort.PRIORITY else []), keys.at.desc(), keys.row_id.desc()]


def behind_the_edge(sort: ListSort, keys: SortKeys) -> sa.ColumnElement[bool]:
    """Return the SQL condition for rows behind a cursor. `edge_of` returns the values of its parameters."""
    time = sa.DateTime(timezone=True)
    edge = [sa.bindparam("edge_at", type_=time), sa.bindparam("edge_id", type_=sa.Uuid)]
    if sort == ListSort.OLDEST:
        return sa.tuple_(keys.at, keys.row_id) > sa.tuple_(*edge)
    if sort == ListSort.DUE:
        return sa.tuple_(keys.due, keys.at, keys.row_id) > sa.tuple_(sa.bindparam("edge_due", type_=time), *edge)
    if sort == ListSort.PRIORITY:
        return sa.tuple_(keys.rank, keys.at, keys.row_id) < sa.tuple_(sa.bindparam("edge_rank", type_=sa.SmallInteger), *edge)
    return sa.tuple_(keys.at, keys.row_id) < sa.tuple_(*edge)


def edge_of(sort: ListSort, cursor: str) -> dict[str, Any]:
    """Return the parameter values for `behind_the_edge`, by name. Raises BadCursor, also for the cursor of another sort."""
    rank, at, row_id, due = place_of(sort, cursor)
    edge: dict[str, Any] = {"edge_at": at, "edge_id": row_id}
    if sort == ListSort.PRIORITY:
        edge["edge_rank"] = rank
    if sort == ListSort.DUE:
        edge["edge_due"] = due
    return edge


def cut(rows: Sequence[T], limit: int, sort: ListSort, key: Callable[[T], Key]) -> Page[T]:
    """Return the first `limit` of the rows as a page. It has a cursor for the next page if there are more rows.

    The caller fetches `limit + 1` rows.
    """
    items = tuple(rows[:limit])
    return Page(items, cursor_at(sort, key(items[-1])) if len(rows) > limit and items else None)


def cursor_at(sort: ListSort, key: Key) -> str:
    """Return the cursor for the rows behind the row with this key."""
    rank, at, row_id, due = key
    place = f"{rank} {at.isoformat()}" + (f" {(due or NEVER).isoformat()}" if sort == ListSort.DUE else "")
    return keyset.make_cursor(keyset.Sort(sort.value), keyset.Place(place, row_id))


def place_of(sort: ListSort, cursor: str) -> Key:
    """Return the key of the row that a cursor names. A missing due time is NEVER. Raises BadCursor, also for the cursor of
    another sort."""
    place = keyset.read_cursor(keyset.Sort(sort.value), cursor, str)
    try:
        rank, *times = str(place.value).split(" ")
        at, due = map(datetime.fromisoformat, times if sort == ListSort.DUE else [*times, NEVER.isoformat()])
        key = int(rank), at, place.row_id, due
    except ValueError as error:
        raise BadCursor(keyset.REFUSAL) from error
    if key[1].tzinfo is None or key[3].tzinfo is None or not 0 <= key[0] <= 4:
        raise BadCursor(keyset.REFUSAL)
    return key
