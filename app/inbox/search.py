"""Search: words in messages and subjects, people, numbers. One page of threads, newest hit first, within the viewer's brands.

Two ways to find the newest messages with a word, each ruinous for the other's words: walking back in time is right for common
words and takes seconds for rare ones; taking the index side first is right for rare words and takes as long for common ones. So
the walk comes first, over a bounded slice, and only if it does not fill the page the index side follows, in windows that reach
further back each, each bounded (`WINDOWS`). People and numbers are a third, short source and stand on top.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.accounts.access import Viewer
from app.core.paging import Page, make_cursor, read_cursor
from app.core.text import storable
from app.inbox.queries import ThreadRow, list_rows

SLICE = 4000  # newest messages looked at one by one
WINDOWS = (timedelta(days=60), timedelta(days=480), timedelta(days=36_500))
WINDOW_HITS = 2000
RARE = 8
QUERY_CHARACTERS = 200
PEOPLE = 20
MARK_START, MARK_END = "\ue000", "\ue001"  # private-use characters, replaced by tags after escaping


@dataclass(frozen=True)
class SearchHit:
    """A thread, the message that matched (None: its contact or number did), and a snippet as safe HTML with <mark>."""

    row: ThreadRow
    message_id: uuid.UUID | None
    snippet: str
    at: datetime


@dataclass(frozen=True)
class _Found:
    thread_id: uuid.UUID
    message_id: uuid.UUID | None
    at: datetime
    sort_id: uuid.UUID


def search_threads(
    session: Session, *, viewer: Viewer, text: str, cursor: str | None = None, limit: int = 25, slice_rows: int = SLICE
) -> Page[SearchHit]:
    """Return the threads that match every word; the last word may be a beginning. An empty query finds nothing.

    `slice_rows` is how many of the newest messages are looked at one by one before the index is asked. Raises BadCursor.
    """
    words = clean_query(text)
    if not words:
        return Page(())
    place = read_cursor(cursor) if cursor else None
    found = _find_messages(session, viewer, words, place, limit + 1, slice_rows)
    by_message = {f.thread_id: f for f in found[:limit]}  # where both found a thread, the message's own words say more
    people = [by_message.get(f.thread_id, f) for f in _find_people(session, viewer, words)]
    if place is not None:
        known = {f.thread_id for f in people} | _shown_before(session, words, place, found)
        fresh = [f for f in found if f.thread_id not in known]
        last = fresh[limit - 1] if len(fresh) > limit else found[-1] if len(found) > limit else None
        shown = fresh[:limit]
    else:
        last = found[limit - 1] if len(found) > limit else None
        on_top = {f.thread_id for f in people}
        shown = [*people, *(f for f in found[:limit] if f.thread_id not in on_top)]
    next_cursor = make_cursor(last.at, last.sort_id) if last else None
    return Page(tuple(_hits(session, viewer, words, shown)), next_cursor)


def _shown_before(session: Session, words: str, place: tuple[datetime, uuid.UUID], page: Sequence[_Found]) -> set[uuid.UUID]:
    """Threads of this page that a newer message put on an earlier one: a thread is shown once, at its newest match."""
    values = {
        **_query(words),
        "threads": [f.thread_id for f in page],
        "at": place[0],
        "id": place[1],
    }
    return set(session.execute(sa.text(_SHOWN_SQL), values).scalars())


def clean_query(text: str) -> str:
    """The words as typed, folded and cut to QUERY_CHARACTERS."""
    return " ".join(storable(text)[:QUERY_CHARACTERS].split())


# Either may be empty, which matches nothing.
_QUERY = "(websearch_to_tsquery('inbox', :words) || to_tsquery('inbox', :prefix))"
_PLACE = "AND (m.occurred_at, m.id) < (:at, :id)"

_SHOWN_SQL = f"""
    SELECT DISTINCT m.thread_id FROM messages m
    WHERE m.thread_id = ANY(:threads) AND (m.occurred_at, m.id) >= (:at, :id) AND m.tsv @@ {_QUERY}
"""  # noqa: S608  constants only

_SLICE_SQL = f"""
    WITH newest AS (
        SELECT m.id, m.thread_id, m.occurred_at, m.tsv @@ {_QUERY} AS is_hit FROM messages m
        WHERE m.brand_id = ANY(:brands) {{place}} ORDER BY m.occurred_at DESC, m.id DESC LIMIT :slice_rows
    ), hits AS (
        SELECT DISTINCT ON (thread_id) id, thread_id, occurred_at FROM newest WHERE is_hit
        ORDER BY thread_id, occurred_at DESC, id DESC
    )
    SELECT hits.*, slice.* FROM (SELECT min(occurred_at) AS reached, count(*) AS looked FROM newest) slice LEFT JOIN hits ON true
    ORDER BY occurred_at DESC, id DESC LIMIT :enough
"""  # noqa: S608  constants only

# The fence has no limit of its own: with one the planner believes that walking back in time fills it soon.
_WINDOW_SQL = f"""
    WITH hits AS MATERIALIZED (
        SELECT m.id, m.thread_id, m.occurred_at FROM messages m
        WHERE m.tsv @@ {_QUERY} AND m.occurred_at <= :until AND m.occurred_at >= :since AND m.brand_id = ANY(:brands)
    )
    SELECT id, thread_id, occurred_at FROM (
        SELECT DISTINCT ON (thread_id) id, thread_id, occurred_at FROM (SELECT * FROM hits LIMIT {WINDOW_HITS}) bounded
        ORDER BY thread_id, occurred_at DESC, id DESC
    ) newest ORDER BY occurred_at DESC, id DESC LIMIT 2 * :enough
"""  # noqa: S608  constants only


def _find_messages(
    session: Session, viewer: Viewer, words: str, place: tuple[datetime, uuid.UUID] | None, enough: int, slice_rows: int
) -> list[_Found]:
    """The newest matching message of each of `enough` threads, as far as the bounds reach."""
    values: dict[str, Any] = {
        **_query(words),
        "brands": list(viewer.brand_ids),
        "enough": enough,
        "slice_rows": slice_rows,
    }
    at = {"at": place[0], "id": place[1]} if place else {}
    newest = session.execute(sa.text(_SLICE_SQL.format(place=_PLACE if place else "")), {**values, **at}).all()
    found = {r.thread_id: _found(r) for r in newest if r.id is not None}
    reached = until = newest[0].reached
    if newest[0].looked < slice_rows:
        return list(found.values())
    # A word this rare in the newest slice is rare enough for the second span at once.
    for window in WINDOWS if len(found) * RARE >= enough else WINDOWS[1:]:
        if len(found) >= enough:
            break
        since = reached - window
        for record in session.execute(sa.text(_WINDOW_SQL), {**values, "since": since, "until": until}):
            found.setdefault(record.thread_id, _found(record))
        until = since
    return list(found.values())[:enough]


def _found(record: sa.Row[Any]) -> _Found:
    return _Found(record.thread_id, record.id, record.occurred_at, record.id)


def _query(text: str) -> dict[str, str]:
    """The values of _QUERY: all words, the last one as a beginning; beside it the words with their quotes, minus and "or"."""
    plain = re.findall(r"\w+", text)
    prefix = " & ".join([*plain[:-1], f"{plain[-1]}:*"]) if plain and '"' not in text else ""
    is_plain = " ".join(plain) == text and "or" not in text.lower().split()
    return {"words": "" if prefix and is_plain else text, "prefix": prefix}


_PEOPLE_SQL = sa.text(
    f"""
    WITH people AS (
        (SELECT id AS contact_id FROM contacts WHERE name ILIKE :like ORDER BY name LIMIT {PEOPLE})
        UNION
        (SELECT contact_id FROM contact_identities WHERE value ILIKE :like LIMIT {PEOPLE})
        UNION
        (SELECT contact_id FROM contact_identities WHERE :digits <> '' AND value LIKE :digits_like LIMIT {PEOPLE})
    )
    SELECT t.id, t.last_message_at FROM people CROSS JOIN LATERAL (
        SELECT id, last_message_at FROM threads WHERE contact_id = people.contact_id AND brand_id = ANY(:brands)
        ORDER BY last_message_at DESC LIMIT 3
    ) t
    UNION
    SELECT id, last_message_at FROM threads WHERE number = :number AND brand_id = ANY(:brands)
    UNION
    (SELECT id, last_message_at FROM threads WHERE subject ILIKE :like AND brand_id = ANY(:brands) LIMIT {PEOPLE})
    ORDER BY last_message_at DESC LIMIT {PEOPLE}
    """  # noqa: S608  constants only
)


def _find_people(session: Session, viewer: Viewer, words: str) -> list[_Found]:
    """Threads of contacts whose name, address or number contains the query, and the thread of that number or subject."""
    if len(words) < 3:
        return []
    digits = re.sub(r"\D", "", words)
    values = {
        "like": f"%{_escape_like(words)}%",
        "digits": digits if len(digits) >= 4 else "",
        "digits_like": f"%{digits.lstrip('0')}%",
        "number": int(digits) if re.fullmatch(r"#?\d{1,15}", words) else -1,
        "brands": list(viewer.brand_ids),
    }
    return [_Found(r.id, None, r.last_message_at, r.id) for r in session.execute(_PEOPLE_SQL, values)]


def _escape_like(text: str) -> str:
    return re.sub(r"([\\%_])", r"\\\1", text)


_OPTIONS = f"StartSel={MARK_START}, StopSel={MARK_END}, MaxWords=24, MinWords=12, ShortWord=0"


def _hits(session: Session, viewer: Viewer, words: str, found: Sequence[_Found]) -> list[SearchHit]:
    thread_ids = [f.thread_id for f in found]
    rows = {row.thread.id: row for row in list_rows(session, viewer=viewer, thread_ids=thread_ids)}
    snippets = _snippets(session, words, [f.message_id for f in found if f.message_id])
    return [
        SearchHit(
            rows[f.thread_id], f.message_id, snippets.get(f.message_id) or html.escape(rows[f.thread_id].thread.preview), f.at
        )
        for f in found
        if f.thread_id in rows
    ]


_SNIPPETS_SQL = sa.text(
    f"""
    SELECT id, ts_headline('inbox', left(subject || ' · ' || text, 4000), {_QUERY}, :options) AS snippet
    FROM messages WHERE id = ANY(:ids)
    """  # noqa: S608  constants only
)


def _snippets(session: Session, words: str, message_ids: list[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    if not message_ids:
        return {}
    values = {**_query(words), "ids": message_ids, "options": _OPTIONS}
    return {record.id: _safe(record.snippet) for record in session.execute(_SNIPPETS_SQL, values)}


def _safe(snippet: str) -> str:
    return html.escape(" ".join(snippet.split())).replace(MARK_START, "<mark>").replace(MARK_END, "</mark>")
