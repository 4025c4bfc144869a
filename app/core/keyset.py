"""Page a list by keyset over one sortable field, chosen by the caller (API lists).

A cursor includes the sort for which it was made. A list with another sort refuses it.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar, TypeVarTuple

import sqlalchemy as sa

from app.core.paging import BadCursor, Page

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
REFUSAL = "this cursor does not belong to this list and sort: start from the first page"


@dataclass(frozen=True)
class Sort:
    """The sort of a list: a field, ascending or descending. As text, `-created_at` is newest first."""

    field: str
    descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Sort:
        return cls(text.removeprefix("-"), text.startswith("-"))

    @property
    def text(self) -> str:
        return f"-{self.field}" if self.descending else self.field


@dataclass(frozen=True)
class Place:
    """Where a page ended: the sorted value and the id of its last row."""

    value: datetime | str
    row_id: uuid.UUID


def make_cursor(sort: Sort, place: Place) -> str:
    """Return an opaque cursor for the place in a list with this sort."""
    value = place.value.isoformat() if isinstance(place.value, datetime) else place.value
    packed = json.dumps([sort.text, value, str(place.row_id)], separators=(",", ":"))
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(sort: Sort, cursor: str, kind: type[datetime] | type[str] = datetime) -> Place:
    """Return the place of a cursor. Raises `BadCursor` if we did not make the cursor, or made it for another sort."""
    try:
        name, value, row_id = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
        place = Place(datetime.fromisoformat(value) if kind is datetime else str(value), uuid.UUID(row_id))
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise BadCursor(REFUSAL) from error
    naive = isinstance(place.value, datetime) and place.value.tzinfo is None
    unstorable = isinstance(place.value, str) and ("\x00" in place.value or not place.value.isprintable())
    if name != sort.text or naive or unstorable:
        raise BadCursor(REFUSAL)
    return place


def matching(wanted: Mapping[Any, Any]) -> list[sa.ColumnElement[bool]]:
    """Return the conditions `column = value` for {column: value}. A value None adds no condition."""
    return [column == value for column, value in wanted.items() if value is not None]


def paged(
    query: sa.Select[*Ts],
    sort: Sort,
    column: sa.SQLColumnExpression[Any],
    id_column: sa.SQLColumnExpression[Any],
    *,
    cursor: str | None,
    limit: int,
    kind: type[datetime] | type[str] = datetime,
) -> sa.Select[*Ts]:
    """Return `query` for the rows after `cursor`, with the sort and a limit of `limit + 1` rows. Raises `BadCursor`.

    `cut` needs the extra row to know whether another page follows.
    """
    if cursor is not None:
        query = query.where(after(read_cursor(sort, cursor, kind), sort, column, id_column))
    return query.order_by(*ordering(sort, column, id_column)).limit(limit + 1)


def after(
    place: Place, sort: Sort, column: sa.SQLColumnExpression[Any], id_column: sa.SQLColumnExpression[Any]
) -> sa.ColumnElement[bool]:
    """Return the condition for rows that come after `place` in this sort."""
    rows = sa.tuple_(column, id_column)
    kind: sa.types.TypeEngine[Any] = sa.DateTime(timezone=True) if isinstance(place.value, datetime) else sa.Text()
    edge = sa.tuple_(sa.literal(place.value, kind), sa.literal(place.row_id, sa.Uuid))
    return rows < edge if sort.descending else rows > edge


def ordering(sort: Sort, *columns: sa.SQLColumnExpression[Any]) -> list[sa.SQLColumnExpression[Any]]:
    """Return the ORDER BY columns of the sort; the last column is the id that breaks ties."""
    return [column.desc() if sort.descending else column.asc() for column in columns]


def cut(rows: Sequence[T], limit: int, sort: Sort, place: Callable[[T], Place]) -> Page[T]:
    """Return the page with the first `limit` rows of `rows`, which has up to `limit + 1`. The page has a next cursor only if
    the extra row is there."""
    items = tuple(rows[:limit])
    return Page(items, make_cursor(sort, place(items[-1])) if len(rows) > limit and items else None)
