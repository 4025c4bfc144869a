"""Page a list by keyset: a cursor is the place of the last row shown, so every page costs the same."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

T = TypeVar("T")


class BadCursor(Exception):
    """Raised when we did not make the cursor, or made it for another list."""


@dataclass(frozen=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next_cursor: str | None = None


def make_cursor(at: datetime, row_id: uuid.UUID) -> str:
    """Return the cursor for the place after the row with this time and id, in a list sorted by (time, id)."""
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), str(row_id)]).encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, uuid.UUID]:
    """Return the (time, id) of a cursor. Raises BadCursor."""
    try:
        at, row_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place = datetime.fromisoformat(at), uuid.UUID(row_id)
    except (ValueError, TypeError, AttributeError, binascii.Error) as error:
        raise BadCursor("this cursor is not one of ours: start from the first page") from error
    if place[0].tzinfo is None:
        raise BadCursor("this cursor is not one of ours: start from the first page")
    return place


def cut_page(rows: Sequence[T], limit: int, place: Callable[[T], tuple[datetime, uuid.UUID]]) -> Page[T]:
    """Return the page with the first `limit` rows of `rows`, which has up to `limit + 1`. The page has a next cursor only if
    the extra row is there."""
    items = tuple(rows[:limit])
    return Page(items, make_cursor(*place(items[-1])) if len(rows) > limit and items else None)
