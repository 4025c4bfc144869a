"""Search threads by words, people, numbers and operators. A page has threads of the viewer's brands, newest hit first.

`search_query` parses the text, `search_filter` turns operators into conditions, `search_find` looks for messages. Threads
found by a person or a number are few and come first.
"""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from app.core.clock import utc_now
from app.core.paging import Page, make_cursor, read_cursor
from app.core.text import storable
from app.domain.accounts.access import Viewer
from app.domain.threads.queries import ThreadRow, list_rows
from app.domain.threads.search_contacts import digits_of, escape_like
from app.domain.threads.search_filter import Notice, SearchFilter, read_operators
from app.domain.threads.search_find import Bounds, Finder, Finding, Found, Words
from app.domain.threads.search_orders import list_threads_numbered
from app.domain.threads.search_query import SearchQuery, Word, parse_search
from app.domain.threads.search_words import forms_of

QUERY_CHARACTERS = 200
PEOPLE = 20
USUAL = Bounds()
MARK_START, MARK_END = "\ue000", "\ue001"  # private-use characters, replaced by tags after escaping
NUMBER = re.compile(r"#\s?(\d{1,15})")


@dataclass(frozen=True)
class SearchHit:
    """A thread with its matching message, and a snippet of it as safe HTML with <mark>.

    `message_id` is None if the contact or a number matched and not a message.
    """

    row: ThreadRow
    message_id: uuid.UUID | None
    snippet: str
    at: datetime


@dataclass(frozen=True)
class SearchResults(Page[SearchHit]):
    """A page of hits, with notices about operators that were not understood.

    If a page has a cursor although it is not full, the search stopped at its bounds. Older messages were not searched.
    """

    notices: tuple[Notice, ...] = ()


def search_threads(
    session: Session,
    *,
    viewer: Viewer,
    text: str,
    cursor: str | None = None,
    limit: int = 25,
    bounds: Bounds = USUAL,
    now: datetime | None = None,
) -> SearchResults:
    """Return a page of the threads that match every word and operator. The last word may be incomplete. An empty text finds
    nothing.

    `now` is the reference for dates such as "yesterday" (None: the present time). Raises BadCursor.
    """
    query = parse_search(clean_query(text))
    if not query.parts:
        return SearchResults(())
    place = read_cursor(cursor) if cursor else None
    numbered = _by_number(session, viewer, str(query))
    if numbered:
        return SearchResults(tuple(_hits(session, viewer, Words(), numbered)))
    filter, notices = read_operators(session, viewer=viewer, operators=query.operators, now=now or utc_now())
    words = compile_words(_wanted_words(query, filter))
    if not words.query and not filter.used:
        return SearchResults((), None, notices)
    finder = Finder(session, words, filter, enough=limit + 1, bounds=bounds)
    page, shown = _page(finder, finder.find(place), _people(session, viewer, query, finder), place, limit)
    return SearchResults(tuple(_hits(session, viewer, words, shown)), page, notices)


def _page(
    finder: Finder, finding: Finding, people: list[Found], place: tuple[datetime, uuid.UUID] | None, limit: int
) -> tuple[str | None, list[Found]]:
    """Return the cursor of the next page (None for the last page), and the hits of this page with each thread once.

    On the first page, the hits by people come first.
    """
    found = finding.found
    by_message = {f.thread_id: f for f in found[:limit]}  # where both found a thread, the message's own words say more
    people = [by_message.get(f.thread_id, f) for f in people]
    if place is not None:
        known = {f.thread_id for f in people} | finder.shown_before(found, place)
        fresh = [f for f in found if f.thread_id not in known]
        last = fresh[limit - 1] if len(fresh) > limit else found[-1] if len(found) > limit else None
        shown = fresh[:limit]
    else:
        last = found[limit - 1] if len(found) > limit else None
        on_top = {f.thread_id for f in people}
        shown = [*people, *(f for f in found[:limit] if f.thread_id not in on_top)]
    if last is not None:
        return make_cursor(last.at, last.sort_id), shown
    return (make_cursor(*finding.looked_to) if finding.looked_to else None), shown


def clean_query(text: str) -> str:
    """Return the typed text with each run of white space as one space, cut to QUERY_CHARACTERS."""
    return " ".join(storable(text)[:QUERY_CHARACTERS].split())


def _wanted_words(query: SearchQuery, filter: SearchFilter) -> tuple[Word, ...]:
    """Return the words of the query. If it has no words and no valid operators, its unknown operators count as words."""
    if query.words or filter.used:
        return query.words
    return tuple(Word(part, negated=operator.negated) for operator in query.operators for part in _split(str(operator)))


def _split(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def compile_words(words: Sequence[Word]) -> Words:
    """Compile the words to one tsquery. All words must match, the last one as a prefix. If "or" is among the words, either side
    of it is enough."""
    wanted = [word for word in words if word.parts]
    values: dict[str, str] = {}
    if any(word.text.casefold() == "or" and not word.quoted for word in wanted):
        values["either"] = " ".join(map(str, wanted))
        by_index = not any(word.negated for word in wanted)
        return Words("websearch_to_tsquery('inbox', :either)", values, by_index)
    terms = [(_term(word, word is wanted[-1], values), word.negated) for word in wanted]
    needed = tuple(term for term, negated in terms if not negated)
    return Words(" && ".join(term for term, _negated in terms), values, bool(needed), needed, forms_of(wanted))


def _term(word: Word, is_last: bool, values: dict[str, str]) -> str:
    """Return the SQL of one word, and add its parameters to `values`.

    A phrase in quotes and a number with dashes must match exactly. A plain word also matches its other forms. Of any other
    word, the parts must match in any order.
    """
    name, end = f"w{len(values)}", ":*" if is_last and not word.quoted and not word.negated else ""
    values[name], values[f"p{name}"] = word.text, (" <-> " if word.is_code else " & ").join(word.parts) + end
    values[f"p{name}"] += "".join(f" | {form}:*" for form in word.forms if not (end and form.startswith(word.text.lower())))
    whole, parts = f"phraseto_tsquery('inbox', :{name})", f"to_tsquery('inbox', :p{name})"
    if word.quoted or len(word.parts) == 1:
        values.pop(f"p{name}" if word.quoted else name)
        term = whole if word.quoted else parts
    elif word.is_code and end:
        term = f"({whole} || coalesce((nullif({whole}::text, '') || ':*')::tsquery, ''::tsquery) || {parts})"
    else:
        term = f"({whole} || {parts})"
    return f"!! {term}" if word.negated else term


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
_NUMBER_SQL = sa.text(
    """
    SELECT id, last_message_at FROM threads WHERE brand_id = ANY(:brands) AND (
        number = :number OR id = (SELECT thread_id FROM thread_aliases WHERE old_number = :number)
    )
    """
)


def _by_number(session: Session, viewer: Viewer, text: str) -> list[Found]:
    """Return a list with the thread that the text gives by its number ("#17"), or [] if there is none.

    The number of a thread that was merged leads to the thread it was merged into.
    """
    match = NUMBER.fullmatch(text)
    if not match:
        return []
    values = {"number": int(match[1]), "brands": list(viewer.brand_ids)}
    return _found(session.execute(_NUMBER_SQL, values))


def _people(session: Session, viewer: Viewer, query: SearchQuery, finder: Finder) -> list[Found]:
    """Return threads that match the operators and are found by their contact (name, address, phone number), thread number,
    subject or order number."""
    text = " ".join(str(word) for word in query.words)
    if finder.filter.message:
        return []
    # Two characters are in too many names; as a number they name one thread.
    found = _by_number(session, viewer, f"#{text}") if len(text) < 3 else _named(session, text, finder.filter.brand_ids)
    of_order = _found(list_threads_numbered(session, text=text, brand_ids=finder.filter.brand_ids))
    found = [*of_order, *(one for one in found if one.thread_id not in {order.thread_id for order in of_order})]
    if not found or not finder.filter.used:
        return found
    fitting = finder.fitting([f.thread_id for f in found])
    since, until = finder.filter.since, finder.filter.until
    return [f for f in found if f.thread_id in fitting and (since is None or f.at >= since) and (until is None or f.at < until)]


def _named(session: Session, text: str, brand_ids: Sequence[uuid.UUID]) -> list[Found]:
    digits = digits_of(text)
    values = {
        "like": f"%{escape_like(text)}%",
        "digits": digits,
        "digits_like": f"%{digits}%",
        "number": int(text) if re.fullmatch(r"[0-9]{1,15}", text) else -1,
        "brands": list(brand_ids),
    }
    return _found(session.execute(_PEOPLE_SQL, values))


def _found(rows: Iterable[sa.Row[Any]]) -> list[Found]:
    return [Found(row.id, None, row.last_message_at, row.id) for row in rows]


_OPTIONS = f"StartSel={MARK_START}, StopSel={MARK_END}, MaxWords=24, MinWords=12, ShortWord=0"


def _hits(session: Session, viewer: Viewer, words: Words, found: Sequence[Found]) -> list[SearchHit]:
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


_SNIPPETS_SQL = """
    SELECT id, ts_headline('inbox', left(subject || ' · ' || text, 4000), {query}, :options) AS snippet
    FROM messages WHERE id = ANY(:ids)
"""


def _snippets(session: Session, words: Words, message_ids: list[uuid.UUID]) -> dict[uuid.UUID | None, str]:
    if not message_ids:
        return {}
    sql = sa.text(_SNIPPETS_SQL.format(query=f"({words.query})" if words.query else "''::tsquery"))
    values = {**words.values, "ids": message_ids, "options": _OPTIONS}
    return {record.id: _safe(record.snippet) for record in session.execute(sql, values)}


def _safe(snippet: str) -> str:
    return html.escape(" ".join(snippet.split())).replace(MARK_START, "<mark>").replace(MARK_END, "</mark>")
