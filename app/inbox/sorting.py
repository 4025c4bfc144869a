"""The orders a list of threads can have. Each is one index scan: the keys stand in the indexes as they stand here.

*Newest*: by the last message. *Oldest*: the same backwards, so that what has lain longest comes first. *Priority*: the most
urgent first, the newest first among equals. The id breaks ties, so that a cursor is one place and no page repeats or drops a row.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa

from app.core import keyset
from app.core.paging import BadCursor, Page

T = TypeVar("T")
Key = tuple[int, datetime, uuid.UUID]
"""Priority rank, time of the last message, id of the thread."""


class ListSort(StrEnum):
    NEWEST = "newest"
    OLDEST = "oldest"
    PRIORITY = "priority"


def ordering(sort: ListSort, rank: Any, at: Any, row_id: Any) -> list[sa.SQLColumnExpression[Any]]:
    """ORDER BY for the sort over these three columns."""
    if sort == ListSort.OLDEST:
        return [at.asc(), row_id.asc()]
    return [*([rank.desc()] if sort == ListSort.PRIORITY else []), at.desc(), row_id.desc()]


def behind_the_edge(sort: ListSort, rank: Any, at: Any, row_id: Any) -> sa.ColumnElement[bool]:
    """The rows behind the place that `edge_of` gives the values of."""
    edge = [sa.bindparam("edge_at", type_=sa.DateTime(timezone=True)), sa.bindparam("edge_id", type_=sa.Uuid)]
    if sort == ListSort.OLDEST:
        return sa.tuple_(at, row_id) > sa.tuple_(*edge)
    if sort == ListSort.PRIORITY:
        return sa.tuple_(rank, at, row_id) < sa.tuple_(sa.bindparam("edge_rank", type_=sa.SmallInteger), *edge)
    return sa.tuple_(at, row_id) < sa.tuple_(*edge)


def edge_of(sort: ListSort, cursor: str) -> dict[str, Any]:
    """The values for `behind_the_edge`. Raises BadCursor, also for the cursor of another sort."""
    rank, at, row_id = _read(sort, cursor)
    return {"edge_at": at, "edge_id": row_id, **({"edge_rank": rank} if sort == ListSort.PRIORITY else {})}


def cut(rows: Sequence[T], limit: int, sort: ListSort, key: Callable[[T], Key]) -> Page[T]:
    """Turn `limit + 1` fetched rows into a page of `limit` and the cursor of what follows."""
    items = tuple(rows[:limit])
    return Page(items, _make(sort, key(items[-1])) if len(rows) > limit and items else None)


def _make(sort: ListSort, key: Key) -> str:
    rank, at, row_id = key
    return keyset.make_cursor(keyset.Sort(sort.value), keyset.Place(f"{rank} {at.isoformat()}", row_id))


def _read(sort: ListSort, cursor: str) -> Key:
    place = keyset.read_cursor(keyset.Sort(sort.value), cursor, str)
    rank, _space, at = str(place.value).partition(" ")
    try:
        key = int(rank), datetime.fromisoformat(at), place.row_id
    except ValueError as error:
        raise BadCursor(keyset.REFUSAL) from error
    if key[1].tzinfo is None or not 0 <= key[0] <= 4:
        raise BadCursor(keyset.REFUSAL)
    return key
