"""Serve /search: threads that match words and operators."""

from __future__ import annotations

import base64
import binascii
import json

from werkzeug.wrappers import Response

from app.api.answers import answer
from app.api.authorize import current_viewer
from app.api.registry import Routes
from app.api.schemas.directory import SearchHitOut, SearchPage, SearchQuery
from app.api.serialize import thread_out
from app.core.db import db
from app.core.keyset import REFUSAL
from app.core.paging import BadCursor
from app.domain.threads.api_queries import find_thread_records
from app.domain.threads.search import search_threads

routes = Routes("Search")
FIRST = "f"


@routes.add("get", "/search", scope="search:read", answers=SearchPage)
def search(query: SearchQuery) -> Response:
    """Search threads.

    Searches messages, subjects, names, addresses and numbers, and ignores accents. Threads found by their people or numbers
    come first, then those with the newest match.
    """
    viewer, session = current_viewer(), db.session()
    inner, skip, size = _read_cursor(query.cursor, query.limit)
    found = search_threads(session, viewer=viewer, text=query.q, cursor=inner, limit=size)
    hits = found.items[skip : skip + query.limit]
    # People come on top of the first page, so that page may hold more than was asked for; the rest of it is the next page.
    rest = len(found.items) > skip + query.limit
    next_cursor = _make_cursor(inner, skip + query.limit, size) if rest else _follow(found.next_cursor, size)
    records = find_thread_records(session, viewer=viewer, thread_ids=[hit.row.thread.id for hit in hits])
    items = [
        SearchHitOut(
            thread=thread_out(records[hit.row.thread.id]), message_id=hit.message_id, snippet=hit.snippet, matched_at=hit.at
        )
        for hit in hits
        if hit.row.thread.id in records
    ]
    return answer(SearchPage(items=items, next_cursor=next_cursor)).response()


def _follow(inner: str | None, size: int) -> str | None:
    return _make_cursor(inner, 0, size) if inner else None


def _make_cursor(inner: str | None, skip: int, size: int) -> str:
    return base64.urlsafe_b64encode(json.dumps([FIRST, inner, skip, size]).encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None, limit: int) -> tuple[str | None, int, int]:
    """Return three values: the cursor of `search_threads`, the number of hits of its page that were shown already, and the size
    of that page.

    If `cursor` is None, return None, 0 and `limit`. Raises `BadCursor` if we did not make the cursor.
    """
    if cursor is None:
        return None, 0, limit
    try:
        mark, inner, skip, size = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise BadCursor(REFUSAL) from error
    numbers = type(skip) is int and type(size) is int and 0 <= skip <= 1000 and 1 <= size <= 200
    if mark != FIRST or not (inner is None or isinstance(inner, str)) or not numbers:
        raise BadCursor(REFUSAL)
    return inner, skip, size
